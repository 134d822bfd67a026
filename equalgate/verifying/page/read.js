// Read what a bundle is made of: frame of the ZIP, CBOR, envelopes, checkpoints. A third
// implementation beside the product and its Python verifier, which shares their test vectors.
"use strict";

class Broken extends Error {}
const need = (holds, text) => { if (!holds) throw new Broken(text); };
const text = new TextDecoder("utf-8", { fatal: true });
const utf8 = (bytes) => { try { return text.decode(bytes); } catch (e) { throw new Broken("bad text"); } };
const bytesOf = (string) => new TextEncoder().encode(string);
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const same = (a, b) => a.length === b.length && a.every((value, at) => value === b[at]);
const joined = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
};
const sha = (...parts) => noble.sha256(parts.length === 1 ? parts[0] : joined(...parts));

// --- ZIP (APPNOTE.TXT 6.3.3), one form ------------------------------------------------------------
const NAME = new RegExp("^(?:VERIFY\\.txt|control\\.log|report\\.json|report\\.pdf|keys\\.json|manifest\\.json|signatures\\.json" +
  "|documents/[a-z0-9-]{4,40}/(?:config|keys|policy)|(?:events|heads)/[a-z0-9-]{4,40}/(?:0|[1-9][0-9]{0,15}))$");
const RANKS = { "VERIFY.txt": 0, documents: 1, events: 2, heads: 3, "control.log": 4, "keys.json": 5,
  "report.json": 6, "manifest.json": 7, "report.pdf": 8, "signatures.json": 9 };
const MOST_MEMBERS = 4096, END = 22;

const CRC = new Uint32Array(256).map((_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
function crc32(bytes) {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) crc = CRC[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
function packed(...fields) {                       // [bytes, value] little-endian
  const out = [];
  for (const [size, value] of fields) {
    let rest = value;
    for (let at = 0; at < size; at++) { out.push(rest % 256); rest = Math.floor(rest / 256); }
  }
  return new Uint8Array(out);
}
const localHeader = (m) => joined(bytesOf("PK\x03\x04"), packed([2, 20], [2, 0], [2, 0], [2, 0], [2, 0x21],
  [4, m.crc], [4, m.size], [4, m.size], [2, m.name.length], [2, 0]), bytesOf(m.name));
const centralHeader = (m) => joined(bytesOf("PK\x01\x02"), packed([2, 20], [2, 20], [2, 0], [2, 0], [2, 0], [2, 0x21],
  [4, m.crc], [4, m.size], [4, m.size], [2, m.name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, m.offset]),
  bytesOf(m.name));
const endRecord = (count, size, at) => joined(bytesOf("PK\x05\x06"),
  packed([2, 0], [2, 0], [2, count], [2, count], [4, size], [4, at], [2, 0]));
const number = (data, at, size) => {
  let value = 0;
  for (let n = size - 1; n >= 0; n--) value = value * 256 + data[at + n];
  return value;
};
function rank(name) {
  const [folder, gate = "", last = ""] = name.split("/");
  return [RANKS[folder], gate, /^[0-9]+$/.test(last) ? Number(last) : 0, last];
}
function before(a, b) {
  const left = rank(a), right = rank(b);
  for (let n = 0; n < 4; n++) if (left[n] !== right[n]) return left[n] < right[n];
  return false;
}

function openBundle(data) {
  need(data.length >= END && data.length < 2 ** 32 - 2 ** 20, "the file is too short or too long to be a bundle");
  const end = data.subarray(data.length - END);
  const count = number(end, 10, 2), length = number(end, 12, 4), start = number(end, 16, 4);
  need(same(end, endRecord(count, length, start)) && start + length === data.length - END,
    "the end of the file is cut or changed");
  const members = new Map();
  let at = start, offset = 0, last = "";
  while (at < start + length) {
    const size = number(data, at + 28, 2), stop = at + 46 + size;
    need(stop <= start + length && members.size < MOST_MEMBERS, "the directory is changed");
    const name = utf8(data.subarray(at + 46, stop));
    need(NAME.test(name), "a name is not one of a bundle");
    const m = { name, crc: number(data, at + 16, 4), size: number(data, at + 24, 4), offset: number(data, at + 42, 4) };
    need(same(data.subarray(at, stop), centralHeader(m)), "the directory is changed");
    need(last === "" || before(last, name), "members are doubled, missing or out of order");
    const header = localHeader(m);
    need(m.offset === offset && same(data.subarray(offset, offset + header.length), header),
      `the frame of ${name} is changed`);
    m.data = data.subarray(offset + header.length, offset + header.length + m.size);
    need(m.data.length === m.size && offset + header.length + m.size <= start, `${name} is cut`);
    offset += header.length + m.size;
    members.set(name, m);
    last = name;
    at = stop;
  }
  need(members.size === count && offset === start, "there are bytes between the members");
  for (const m of members.values()) need(crc32(m.data) === m.crc, `${m.name} does not have its check sum`);
  return members;
}

// --- deterministic CBOR (RFC 8949 §4.2, shorter keys first) ---------------------------------------
function readCbor(data) {
  let at = 0;
  const long = (size) => {
    need(at + size <= data.length, "CBOR: bad length");
    let value = 0n;
    for (let n = 0; n < size; n++) value = value * 256n + BigInt(data[at + n]);
    at += size;
    need(value >= (size === 1 ? 24n : 1n << BigInt(4 * size)), "CBOR: not the shortest form");
    return value <= 9007199254740991n ? Number(value) : value;
  };
  const one = (depth) => {
    need(at < data.length, "CBOR ends too early");
    const head = data[at++], major = head >> 5;
    let value = head & 31;
    if (value >= 24 && major !== 7) {
      need(value <= 27, "CBOR: bad length");
      value = long(1 << (value - 24));
    }
    if (major === 0) return value;
    if (major === 1) return typeof value === "bigint" ? -1n - value : -1 - value;
    if (major === 2 || major === 3) {
      const stop = at + Number(value);
      need(stop <= data.length, "CBOR: a string is cut");
      const part = data.subarray(at, stop);
      at = stop;
      return major === 2 ? part : utf8(part);
    }
    if (major === 4 || major === 5) {
      need(depth < 16, "CBOR: too deep");
      need(Number(value) <= data.length, "CBOR: a list is cut");
      return major === 4 ? Array.from({ length: Number(value) }, () => one(depth + 1)) : table(Number(value), depth + 1);
    }
    need(head === 0xf4 || head === 0xf5 || head === 0xf6, "CBOR: tag, float or unknown simple value");
    return head === 0xf6 ? null : head === 0xf5;
  };
  const table = (count, depth) => {
    const found = new Map();
    let last = null;
    for (let n = 0; n < count; n++) {
      const begin = at, key = one(depth);
      need(typeof key === "string", "CBOR: a key is not text");
      const raw = data.subarray(begin, at);
      need(last === null || last.length < raw.length || (last.length === raw.length && hex(last) < hex(raw)),
        "CBOR: keys out of order");
      last = raw;
      found.set(key, one(depth));
    }
    return found;
  };
  const value = one(0);
  need(at === data.length, "CBOR: bytes after the value");
  return value;
}
const isBytes = (value, size) => value instanceof Uint8Array && (size === undefined || value.length === size);
const isWhole = (value) => typeof value === "bigint" || Number.isInteger(value);

// --- signatures ------------------------------------------------------------------------------------
function openSigned(data, types, keys) {           // keys: hex of key id -> public key
  const parts = readCbor(data);
  need(Array.isArray(parts) && parts.length === 5, "not a signed envelope");
  const [type, version, kid, body, signature] = parts;
  need(typeof type === "string" && (types[type] || []).includes(version), "a signed envelope of another type or version");
  need(isBytes(kid) && isBytes(body) && isBytes(signature) && keys.has(hex(kid)), "a signed envelope by an unknown key");
  const message = joined(bytesOf(`ac1/${type}/${version}\0`), kid, body);
  need(isBytes(signature, 64) && noble.verify(signature, message, keys.get(hex(kid))), "a signature does not hold");
  const said = readCbor(body);
  need(said instanceof Map, "a signed body of the wrong shape");
  return { type, kid: hex(kid), said };
}
const kidOf = (key) => hex(sha(key).subarray(0, 8));

const NOTE = /^(([a-z0-9-]{4,40}\/[a-z0-9-]{4,40}\/(?:0|[1-9][0-9]{0,18}))\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n)\n— ([!-*,-~]{1,128}) ([A-Za-z0-9+/]+={0,2})\n$/;
function unbase64(string) {
  let raw;
  try { raw = atob(string); } catch (e) { throw new Broken("bad base64"); }
  need(btoa(raw) === string, "bad base64");
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}
function readNote(note, witness, keys) {
  const found = NOTE.exec(note);
  need(found !== null && found[5] === witness, "a checkpoint of the wrong form");
  const payload = unbase64(found[6]);
  for (const key of keys.values()) {
    const named = sha(bytesOf(`${witness}\n\x04`), key).subarray(0, 4);
    if (payload.length !== 76 || !same(named, payload.subarray(0, 4))) continue;
    let at = 0n;
    for (const byte of payload.subarray(4, 12)) at = at * 256n + BigInt(byte);
    const message = bytesOf(`cosignature/v1\ntime ${at}\n${found[1]}`);
    need(noble.verify(payload.subarray(12), message, key), "a signature does not hold");
    return { origin: found[2], size: Number(found[3]), root: unbase64(found[4]), at: Number(at) };
  }
  throw new Broken("a checkpoint by an unknown witness");
}

function readCheckpoint(note, keys) {              // signed by the log's own keeper, not a witness
  const found = NOTE.exec(note);
  need(found !== null && found[5] === found[2], "a checkpoint of the wrong form");
  const payload = unbase64(found[6]);
  for (const key of keys.values()) {
    const named = sha(bytesOf(`${found[2]}\n\x01`), key).subarray(0, 4);
    if (payload.length !== 68 || !same(named, payload.subarray(0, 4))) continue;
    need(noble.verify(payload.subarray(4), bytesOf(found[1]), key), "a signature does not hold");
    return { origin: found[2], size: Number(found[3]), root: unbase64(found[4]) };
  }
  throw new Broken("a checkpoint by an unknown key");
}

function framesOf(data) {
  const parts = [];
  let at = 0;
  while (at < data.length) {
    need(at + 4 <= data.length, "a part is cut");
    const size = ((data[at] * 256 + data[at + 1]) * 256 + data[at + 2]) * 256 + data[at + 3];
    need(at + 4 + size <= data.length, "a part is cut");
    parts.push(data.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return parts;
}

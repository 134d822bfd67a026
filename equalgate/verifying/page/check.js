// Run every check on a bundle, gate by gate; the answer is INTACT, ALTERED or INCOMPLETE.
"use strict";

const VERDICTS = ["PASS", "FAIL", "INSUFFICIENT DATA", "NOT APPLICABLE", "NEEDS HUMAN", "NOT COVERED"];
const LATE = ["manifest.json", "report.pdf", "signatures.json"];
const UNDECODED = ["read_parity", "read_unknown_format", "read_stale"];

// --- JSON tables: read, and written again in the one form of Python's json.dumps --------------------
function dumped(value, indent = 1) {
  const pad = "\n" + " ".repeat(indent), close = "\n" + " ".repeat(indent - 1);
  if (Array.isArray(value)) {
    return value.length ? `[${pad}${value.map((v) => dumped(v, indent + 1)).join("," + pad)}${close}]` : "[]";
  }
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).sort(byCodePoint);
    const rows = keys.map((key) => `${quoted(key)}: ${dumped(value[key], indent + 1)}`);
    return keys.length ? `{${pad}${rows.join("," + pad)}${close}}` : "{}";
  }
  return typeof value === "string" ? quoted(value) : String(value);
}
const byCodePoint = (a, b) => {
  const left = Array.from(a, (c) => c.codePointAt(0)), right = Array.from(b, (c) => c.codePointAt(0));
  for (let n = 0; n < Math.min(left.length, right.length); n++) if (left[n] !== right[n]) return left[n] - right[n];
  return left.length - right.length;
};
const quoted = (string) => JSON.stringify(string);
function table(data) {
  let value;
  const said = utf8(data);
  try { value = JSON.parse(said); } catch (e) { throw new Broken("a table is not JSON"); }
  need(value !== null && typeof value === "object" && !Array.isArray(value) && dumped(value) === said,
    "a table is not in its one form");
  return value;
}
const whole = (v) => { need(Number.isSafeInteger(v) && v >= 0, "a table has the wrong shape"); return v; };
const word = (v) => { need(typeof v === "string" && v.length <= 120, "a table has the wrong shape"); return v; };
function hash(v) {
  need(/^[0-9a-f]{64}$/.test(v), "a table has the wrong shape");
  return Uint8Array.from(v.match(/../g), (pair) => parseInt(pair, 16));
}
const items = (v) => {
  need(Array.isArray(v) && v.every((each) => each !== null && typeof each === "object"), "a table has the wrong shape");
  return v;
};

function readManifest(data) {
  const said = table(data);
  const fields = ["format", "from_ms", "logs", "made_at_ms", "members", "site", "to_ms", "witness"];
  need(Object.keys(said).sort().join() === fields.join() && said.format === 1, "the manifest is of another format");
  const hashes = new Map(items(said.members).map((m) => [word(m.name), { size: whole(m.bytes), sha256: hash(m.sha256) }]));
  const logs = items(said.logs).map((l) => ({ gate: word(l.gate), epoch: whole(l.epoch), first: whole(l.first),
    count: whole(l.count), peaks: l.peaks.map(hash) }));
  [said.made_at_ms, said.from_ms, said.to_ms].forEach(whole);
  return { site: word(said.site), witness: word(said.witness), made: said.made_at_ms, hashes, logs };
}
function readKeys(data) {
  const said = table(data), gates = new Map(), scopes = {};
  for (const each of items(said.gates)) gates.set(word(each.gate), hash(each.public_key));
  for (const each of items(said.controller)) {
    const key = hash(each.public_key);
    (scopes[word(each.scope)] ||= new Map()).set(kidOf(key), key);
  }
  return { gates, scopes };
}

// --- trees (RFC 9162 §2.1) --------------------------------------------------------------------------
const ZERO = new Uint8Array([0]), ONE = new Uint8Array([1]);
const leafHash = (leaf) => sha(ZERO, leaf);
class Tree {
  constructor(size, peaks) {
    let bits = 0;
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
    need(peaks.length === bits, "the start of a log does not fit its number");
    this.size = size;
    this.peaks = peaks.slice();
  }
  append(node) {
    for (let rest = this.size; rest % 2 === 1; rest = Math.floor(rest / 2)) node = sha(ONE, this.peaks.pop(), node);
    this.peaks.push(node);
    this.size += 1;
  }
  root() {
    if (!this.peaks.length) return sha(new Uint8Array());
    return this.peaks.slice(0, -1).reduceRight((node, peak) => sha(ONE, peak, node), this.peaks[this.peaks.length - 1]);
  }
}
function treeRoot(leaves) {
  const tree = new Tree(0, []);
  for (const leaf of leaves) tree.append(leafHash(leaf));
  return tree.root();
}

// --- numbers of the ways in (as mqtt.contract.parity) -------------------------------------------------
class Tally {
  constructor() { this.cells = new Map(); this.refused = new Map(); }
  add(f) {
    const [kind, place, method, outcome, reason] = f.slice(5, 10);
    if (!["decision", "passage"].includes(kind) && (kind !== "reader" || !UNDECODED.includes(reason))) return;
    if (kind === "passage" && (Number(f[14]) < 0 || f[16] === "simulated")) return;
    const at = Number(f[10]), intent = Number(f[14]);
    need(at >= 0 && at < 250000000000, "a record has an impossible time or place");
    const month = new Date((at + 28800) * 1000).toISOString().replace(/^[+]?0*(\d{4,})-(\d\d).*/, "$1-$2");
    const key = JSON.stringify([place, method, month]), cell = this.cells.get(key) || { n: [0, 0, 0, 0, 0], times: [] };
    this.cells.set(key, cell);
    need(this.cells.size <= 20000, "a record has an impossible time or place");
    const binned = intent < 10000 ? intent : Math.floor(Math.min(intent, 600000) / 100) * 100;
    if (kind === "passage") { cell.times.push(binned); return; }
    if (f[16] === "simulated") { cell.n[4] += 1; return; }
    const lane = JSON.stringify([place, method]), refused = this.refused.get(lane);
    const first = refused === undefined || !(at - refused >= 0 && at - refused <= 30);
    cell.n[0] += 1;
    cell.n[2] += first ? 1 : 0;
    if (outcome === "granted") {
      cell.n[1] += 1;
      cell.n[3] += first ? 1 : 0;
      if (intent >= 0) cell.times.push(binned);
    } else this.refused.set(lane, at);
  }
  rows() {
    const order = (a, b) => { for (let n = 0; n < 3; n++) if (a[n] !== b[n]) return byCodePoint(a[n], b[n]); return 0; };
    return Array.from(this.cells, ([key, cell]) => {
      const times = cell.times.slice().sort((a, b) => a - b);
      const quantile = (percent) => times.length ? times[Math.ceil(times.length * percent / 100) - 1] : -1;
      return [...JSON.parse(key), ...cell.n, quantile(50), quantile(90), quantile(95), ...wilson(cell.n[3], cell.n[2])];
    }).sort(order);
  }
}
const halfEven = (x) => { const low = Math.floor(x); return x - low === 0.5 ? low + (low % 2) : Math.round(x); };
function wilson(hits, total) {
  if (!total) return [0, 1000];
  const z = 1.959964, share = hits / total, square = z * z, scale = 1 + square / total;
  const centre = share + square / (2 * total);
  const spread = z * (share * (1 - share) / total + square / (4 * total * total)) ** 0.5;
  return [halfEven(1000 * Math.max(0, centre - spread) / scale), halfEven(1000 * Math.min(scale, centre + spread) / scale)];
}

// --- the checks -----------------------------------------------------------------------------------------
function* leavesOf(data, most = 2048) {
  let at = 0;
  while (at < data.length) {
    need(at + 2 <= data.length, "the last record is cut");
    const size = data[at] * 256 + data[at + 1];
    need(size <= most, "a record is too long");
    need(at + 2 + size <= data.length, "the last record is cut");
    yield data.subarray(at + 2, at + 2 + size);
    at += 2 + size;
  }
}
function hashed(bundle, name) {
  const member = bundle.members.get(name), said = bundle.manifest.hashes.get(name);
  need(member && said && said.size === member.size && same(sha(member.data), said.sha256), `${name} is not what was signed`);
  return member.data;
}
function headsOf(bundle, log) {
  const parts = framesOf(hashed(bundle, `heads/${log.gate}/${log.epoch}`));
  need(parts.length % 2 === 0, "the checkpoints are cut");
  const heads = [];
  for (let n = 0; n < parts.length; n += 2) {
    const head = readNote(utf8(parts[n]), bundle.manifest.witness, bundle.keys.scopes.ack || new Map());
    checkPresence(bundle, log, head, parts[n + 1]);
    need(!heads.length || heads[heads.length - 1].size < head.size, "the checkpoints are out of order");
    heads.push(head);
  }
  return heads;
}
function checkPresence(bundle, log, head, presence) {
  const key = bundle.keys.gates.get(log.gate) || new Uint8Array(), site = bundle.manifest.site;
  const { type, said } = openSigned(presence, { birth: [1], hb: [2, 3] }, new Map([[kidOf(key), key]]));
  const place = said.get("site") === site && said.get("gate") === log.gate && said.get("epoch") === log.epoch;
  const root = said.get("root");
  need(place && said.get("size") === head.size && isBytes(root) && same(root, head.root) &&
    head.origin === `${site}/${log.gate}/${log.epoch}`, "a checkpoint is not what the gate signed");
  if (type !== "birth" || !(said.get("documents") instanceof Map)) return;
  for (const [name, value] of said.get("documents")) {
    if (Array.isArray(value) && value.length === 2 && isBytes(value[1])) bundle.confirmed.set(`${log.gate}/${name}`, value);
  }
}
function checkLeaf(leaf, site, log, seq) {
  const f = readCbor(leaf), form = `record ${seq} has the wrong form`;
  need(Array.isArray(f) && f.length === 19 && f[0] === 1, form);
  need(f[1] === site && f[2] === log.gate && f[3] === log.epoch && f[4] === seq, `record ${seq} belongs to another place`);
  need(f.slice(5, 10).every((v) => typeof v === "string") && f.slice(10, 15).every(isWhole) && isWhole(f[17]) &&
    typeof f[15] === "string" && (f[16] === "real" || f[16] === "simulated") && isBytes(f[18]), form);
  return f;
}
function checkLog(bundle, log, summary) {
  const heads = headsOf(bundle, log), tree = new Tree(log.first, log.peaks), end = log.first + log.count;
  const ahead = heads.filter((head) => head.size >= log.first);
  let seq = log.first, explained = false;
  const settle = () => {
    while (ahead.length && ahead[0].size === tree.size) {
      const head = ahead.shift(), low = Math.max(summary.first, summary.witnessed);
      if (!same(tree.root(), head.root)) {
        summary.first_bad = low;
        throw new Broken(`a record between ${low} and ${head.size - 1} is not what was witnessed`);
      }
      summary.checkpoints += 1;
      summary.witnessed = head.size;
      summary.witnessed_at_s = head.at;
    }
  };
  for (const leaf of leavesOf(hashed(bundle, `events/${log.gate}/${log.epoch}`))) {
    settle();
    checkShown(bundle, log, tree);
    let f;
    try { f = checkLeaf(leaf, bundle.manifest.site, log, seq); } catch (e) { summary.first_bad = seq; throw e; }
    tree.append(leafHash(leaf));
    explained ||= f[9] === "epoch_changed";
    summary.simulated += f[16] === "simulated" ? 1 : 0;
    summary.erased += f[5] === "erasure" ? 1 : 0;
    bundle.tally.add(f);
    seq += 1;
  }
  settle();
  checkShown(bundle, log, tree);
  need(seq === end, `${seq - log.first} records, the manifest says ${log.count}`);
  const where = `${log.gate}/${log.epoch}`, beyond = Math.max(0, ...heads.map((head) => head.size));
  if (beyond > end) bundle.found.incomplete.push(`${where}: records ${end} to ${beyond - 1} were witnessed and are missing`);
  if (!summary.checkpoints) bundle.found.incomplete.push(`${where}: no checkpoint covers these records`);
  const first = Math.min(...bundle.manifest.logs.filter((l) => l.gate === log.gate).map((l) => l.epoch));
  if (log.epoch !== first && log.first === 0 && !explained) {
    bundle.found.incomplete.push(`${where}: a new log without a record that explains it`);
  }
}
function checkLogs(bundle) {
  const logs = bundle.manifest.logs, places = logs.map((l) => `${l.gate}/${l.epoch}`);
  const sorted = logs.every((l, n) => !n || byCodePoint(logs[n - 1].gate, l.gate) < 0 ||
    (logs[n - 1].gate === l.gate && logs[n - 1].epoch < l.epoch));
  const names = [...places.map((p) => `events/${p}`), ...places.map((p) => `heads/${p}`)];
  const there = [...bundle.members.keys()].filter((name) => /^(events|heads)\//.test(name));
  need(sorted && names.join("\n") === there.join("\n"), "the logs are not those that the manifest names");
  for (const gate of bundle.keys.gates.keys()) {
    if (!logs.some((l) => l.gate === gate)) bundle.found.incomplete.push(`${gate}: no log of this gate is in the bundle`);
  }
  for (const log of logs) {
    const summary = { gate: log.gate, epoch: log.epoch, first: log.first, count: log.count, checkpoints: 0,
      witnessed: -1, witnessed_at_s: -1, erased: 0, simulated: 0, first_bad: -1 };
    bundle.found.logs.push(summary);
    try { checkLog(bundle, log, summary); } catch (e) {
      if (!(e instanceof Broken)) throw e;
      bundle.found.altered.push(`${log.gate}/${log.epoch}: ${e.message}`);
    }
  }
}

const cborHead = (major, size) => {
  if (size < 24) return new Uint8Array([major | size]);
  if (size < 256) return new Uint8Array([major | 24, size]);
  if (size < 65536) return new Uint8Array([major | 25, size >> 8, size & 255]);
  return new Uint8Array([major | 26, size >>> 24, (size >> 16) & 255, (size >> 8) & 255, size & 255]);
};
function readDocument(bundle, gate, name, data) {
  const parts = framesOf(data);
  const { said } = openSigned(parts[0] || new Uint8Array(), { doc: [1] }, bundle.keys.scopes.document || new Map());
  need(said.get("site") === bundle.manifest.site && said.get("gate") === gate && said.get("name") === name,
    `${name} of ${gate} was signed for another gate or purpose`);
  const rest = parts.slice(1), records = new Map(), leaves = [];
  need(rest.length % 2 === 0, `${name} of ${gate} is cut`);
  let last = null;
  for (let n = 0; n < rest.length; n += 2) {
    const [key, body] = [rest[n], rest[n + 1]];
    need(last === null || hex(last) < hex(key), `${name} of ${gate} is out of order`);
    last = key;
    leaves.push(joined(new Uint8Array([0x82]), cborHead(0x60, key.length), key, cborHead(0x40, body.length), body));
    const record = readCbor(body);
    need(record instanceof Map, "a record has the wrong form");
    records.set(utf8(key), record);
  }
  const digest = treeRoot(leaves), version = said.get("version");
  need(isBytes(said.get("digest")) && same(said.get("digest"), digest) && said.get("records") === leaves.length &&
    Number.isInteger(version), `${name} of ${gate} is not what was signed`);
  return { version, digest, records };
}
function containment(gate, config, policy) {
  const found = [];
  for (const [key, record] of config.records) {
    const methods = record.get("methods");
    if (!key.startsWith("ap:") || !Array.isArray(methods) || !methods.includes("face")) continue;
    if (!methods.includes("qr") && !methods.includes("fob")) found.push(`NS-01 ${gate} ${key}`);
    const settings = config.records.get(`face:${key.slice(3)}`) || new Map();
    if (!["pipia_ref", "notice_version", "sign_attested_at_ms"].every((f) => settings.get(f))) found.push(`NS-09 ${gate} ${key}`);
  }
  for (const [key, record] of policy.records) {
    if (!key.startsWith("level:")) continue;
    const grants = record.get("grants");
    const blind = Array.isArray(grants) && record.size === 1 && grants.every((grant) => grant instanceof Map &&
      grant.size === 2 && grant.has("access_points") && grant.has("schedule"));
    if (!blind) found.push(`NS-03 ${gate} ${key}`);
  }
  return found.sort(byCodePoint);
}
function checkDocuments(bundle) {
  const found = new Map(), proof = [];
  for (const name of bundle.members.keys()) {
    if (!name.startsWith("documents/")) continue;
    const [, gate, title] = name.split("/");
    const document = readDocument(bundle, gate, title, hashed(bundle, name));
    const said = bundle.confirmed.get(`${gate}/${title}`);
    const is = said && said[0] === document.version && same(said[1], document.digest);
    found.set(`${gate}/${title}`, document);
    bundle.found.notes.push(`${gate}: ${title} version ${document.version}, ` +
      (is ? "the gate itself confirmed it" : "not yet confirmed by the gate at a start"));
  }
  for (const gate of bundle.keys.gates.keys()) {
    const config = found.get(`${gate}/config`), policy = found.get(`${gate}/policy`);
    if (config && policy) {
      bundle.published.set(gate, [config, policy]);
      proof.push(...containment(gate, config, policy));
    }
    else bundle.found.incomplete.push(`${gate}: its configuration is not in the bundle`);
  }
  return proof;
}
function checkReport(bundle, proof) {
  for (const name of ["VERIFY.txt", "keys.json", "report.json"]) hashed(bundle, name);
  if (bundle.found.altered.length) return;
  const report = table(bundle.members.get("report.json").data);
  need(dumped(report.parity) === dumped(bundle.tally.rows()), "the report's numbers of the ways in do not follow from the records");
  need(dumped(report.containment) === dumped(proof), "the report's proof about face does not follow from the configuration");
  checkProofs(bundle, report);
  checkControlHead(bundle, report);
  need(Array.isArray(report.rules), "the report has no verdicts");
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0]));
  for (const rule of report.rules) {
    need(rule && VERDICTS.includes(rule.verdict), "the report holds an unknown verdict");
    counts[rule.verdict] += 1;
  }
  bundle.found.rules = counts;
}

// Hold a log against what its gate showed on the spot: `bundle.shown` is an opened answer, or null.
function checkShown(bundle, log, tree) {
  const shown = bundle.shown;
  if (!shown || shown.gate !== log.gate || shown.epoch !== log.epoch || tree.size !== shown.size) return;
  need(same(tree.root(), shown.root), `the log up to record ${shown.size - 1} is not the one that the gate showed on the spot`);
  bundle.seen = true;
}
function tryAnswer(found, shown) {
  try { return openAnswer(bare(shown), ""); } catch (e) {
    found.incomplete.push(`the gate's answer beside the bundle cannot be used: ${e.message}`);
    return null;
  }
}
function judgeShown(bundle) {
  const shown = bundle.shown;
  if (!shown) return;
  const key = bundle.keys.gates.get(shown.gate);
  need(shown.site === bundle.manifest.site && key && same(key, shown.key), "the code on the screen is by another gate than in the bundle");
  if (bundle.seen) bundle.found.notes.push(`${shown.gate}: the log holds what the gate showed on the spot (${shown.size} records)`);
  else bundle.found.incomplete.push(`${shown.gate}: the state that the gate showed on the spot is not in the bundle`);
}

function verifyBundle(data, key = "", shown = "") {
  const found = { verdict: "", altered: [], incomplete: [], notes: [], logs: [], rules: {} };
  try {
    const members = openBundle(data), part = (name) => { need(members.has(name), `${name} is missing`); return members.get(name).data; };
    const raw = part("manifest.json"), keys = readKeys(part("keys.json")), manifest = readManifest(raw);
    const encoded = table(part("signatures.json"));
    need(Object.keys(encoded).join() === "controller" && typeof encoded.controller === "string", "the signatures have the wrong shape");
    const signers = keys.scopes.document || new Map();
    const { kid, said } = openSigned(unbase64(encoded.controller), { evidence: [1] }, signers);
    need(said.size === 4 && said.get("site") === manifest.site && said.get("made_at_ms") === manifest.made &&
      isBytes(said.get("manifest")) && same(said.get("manifest"), sha(raw)) &&
      isBytes(said.get("report")) && same(said.get("report"), sha(part("report.pdf"))),
      "manifest or report is not what the controller signed");
    const early = [...members.keys()].filter((name) => !LATE.includes(name));
    need(early.join("\n") === [...manifest.hashes.keys()].join("\n"), "the members are not those that the manifest names");
    const print = hex(sha(signers.get(kid))), wanted = key.toLowerCase().replace(/[ :]/g, "");
    need(!wanted || (wanted.length >= 16 && print.startsWith(wanted)),
      "the bundle is signed by another key than the installation record names");
    if (!wanted) found.notes.push(`controller key ${print.slice(0, 32)}: compare it with the installation record`);
    for (const [gate, own] of keys.gates) found.notes.push(`${gate}: gate key ${hex(sha(own)).slice(0, 32)}`);
    const bundle = { members, manifest, keys, found, tally: new Tally(), confirmed: new Map(),
      published: new Map(), control: null, shown: shown ? tryAnswer(found, shown) : null, seen: false };
    checkLogs(bundle);
    judgeShown(bundle);
    const proof = checkDocuments(bundle);
    checkControl(bundle);
    checkReport(bundle, proof);
  } catch (e) {
    found.altered.push(e instanceof Broken ? e.message : `unreadable (${e.name})`);
  }
  found.verdict = found.altered.length ? "ALTERED" : found.incomplete.length ? "INCOMPLETE" : "INTACT";
  return found;
}

// Check what a gate's screen answered to an inspector's one-time code (as mqtt.contract.witness).
"use strict";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const COUNTERS = ["presses", "entry_armed", "entry_frames", "entry_embeddings", "enrolment_frames", "self_test_frames"];
const bare = (string) => string.replace(/^\s+|[\r\n\t]+$/g, "");  // a code may end with a space
function unbase45(string) {
  const values = Array.from(string, (c) => ALPHABET.indexOf(c)), out = [];
  need(values.length % 3 !== 1 && values.every((v) => v >= 0), "this is not the text of a code");
  for (let at = 0; at < values.length; at += 3) {
    const group = values.slice(at, at + 3), width = group.length - 1;
    const whole = group.reduce((sum, v, power) => sum + v * 45 ** power, 0);
    need(whole < 2 ** (8 * width), "this is not the text of a code");
    if (width === 2) out.push(whole >> 8);
    out.push(whole & 255);
  }
  return new Uint8Array(out);
}
const isCount = (v) => Number.isSafeInteger(v) && v >= 0;
const isWord = (v) => typeof v === "string" && v.length <= 120;
const FORM = [(v) => isBytes(v, 16), isWord, isWord, (v) => isBytes(v, 32), isCount, isCount, (v) => isBytes(v, 32),
  isCount, isCount, (v) => isBytes(v, 32), (v) => isBytes(v, 32), isWord, (v) => isBytes(v, 32), isWord,
  (v) => Array.isArray(v) && v.length === COUNTERS.length && v.every(isCount), (v) => v === "real" || v === "simulated"];

function openAnswer(shown, nonce) {
  need(shown.startsWith("ACW2:") && shown.length <= 2000, "this is not a gate's answer (ACW2:…)");
  const parts = readCbor(unbase45(shown.slice(5)));
  need(Array.isArray(parts) && parts.length === 5 && parts[0] === "witness" && parts[1] === 1 &&
    isBytes(parts[2]) && isBytes(parts[3]) && isBytes(parts[4], 64), "the answer has the wrong form");
  const [, , kid, body, signature] = parts, f = readCbor(body);
  need(Array.isArray(f) && f.length === FORM.length && f.every((v, n) => FORM[n](v)), "the answer has the wrong form");
  const message = joined(bytesOf("ac1/witness/1\0"), kid, body);
  need(hex(kid) === kidOf(f[3]) && noble.verify(signature, message, f[3]), "the gate's signature does not hold");
  if (nonce) {
    need(nonce.startsWith("ACW1:") && same(unbase45(nonce.slice(5)), f[0]), "this answers another one-time code");
  }
  return { site: f[1], gate: f[2], key: f[3], epoch: f[4], size: f[5], root: f[6], at: f[7], clock: f[8], config: f[9],
    policy: f[10], software: f[11], softwareHash: f[12], face: f[13], counters: f[14], kind: f[15] };
}
function answerLines(answer, nonce) {
  const print = hex(sha(answer.key)).slice(0, 32).match(/..../g).join(" ");
  return [
    `门 gate: ${answer.site}/${answer.gate}${answer.kind === "real" ? "" : " · SIMULATED 模拟设备"}`,
    `密钥指纹 key fingerprint: ${print}`,
    `记录 records: ${answer.size} (${hex(answer.root).slice(0, 16)})`,
    `时间 time: ${new Date(answer.at).toLocaleString()}${answer.clock ? " · 时钟未同步 clock not synchronised" : ""}`,
    `配置 configuration: ${hex(answer.config).slice(0, 16)} ${hex(answer.policy).slice(0, 16)}`,
    `软件 software: ${answer.software} ${hex(answer.softwareHash).slice(0, 16)}`,
    `人脸 face: ${answer.face} · ${COUNTERS.map((name, n) => `${name} ${answer.counters[n]}`).join(", ")}`,
    nonce ? "答复的是您的一次性码 It answers your one-time code." : "没有填一次性码：无法证明是当场答复。Without your code it may be an older answer.",
  ];
}
function verifyAnswer(shown, nonce = "") {
  try {
    const answer = openAnswer(bare(shown), bare(nonce));
    return { holds: true, lines: answerLines(answer, bare(nonce)) };
  } catch (e) {
    return { holds: false, lines: [e instanceof Broken ? e.message : `unreadable (${e.name})`] };
  }
}

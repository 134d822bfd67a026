// Replay the comparison of intervals (as mqtt.contract.containment_proof) and check the controller's log.
"use strict";

const KINDS = ["plain", "holiday", "workday"], WORKDAYS = [0, 1, 2, 3, 4], DAY = 1440, MOST_SHOWN = 100;
const merged = (intervals) => {
  const found = [];
  for (const [start, end] of intervals.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = found[found.length - 1];
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else if (end > start) found.push([start, end]);
  }
  return found;
};
function minus(asked, given) {
  const left = [];
  for (const [start, end] of asked) {
    let at = start;
    for (const [low, high] of given) {
      if (high <= at || low >= end) continue;
      if (low > at) left.push([at, low]);
      at = Math.max(at, high);
    }
    if (at < end) left.push([at, end]);
  }
  return left;
}
function counts(window, day, kind) {
  if (window.always) return true;
  const on = window.days.includes(day);
  if (kind === "holiday") return window.holidays && on;
  if (kind === "workday") {
    return WORKDAYS.every((d) => window.days.includes(d)) || (on && !window.days.every((d) => d === 5 || d === 6));
  }
  return on;
}
function dayIntervals(windows, day, before, kind) {
  const found = [];
  for (const w of windows) {
    const end = w.end > w.start ? w.end : w.end + DAY;
    if (counts(w, day, kind)) found.push([w.start, Math.min(end, DAY)]);
    if (end > DAY && counts(w, (day + 6) % 7, before)) found.push([0, end - DAY]);
  }
  return merged(found);
}
const ALWAYS = { days: [0, 1, 2, 3, 4, 5, 6], start: 0, end: DAY, holidays: true, always: true };
const listed = (value) => { need(Array.isArray(value), "a record has the wrong form"); return value; };
const mapped = (value) => { need(value instanceof Map, "a record has the wrong form"); return value; };
function readWindow(raw) {
  const w = mapped(raw), [start, end, days] = [w.get("start_min"), w.get("end_min"), listed(w.get("days"))];
  need(Number.isInteger(start) && Number.isInteger(end), "a record has the wrong form");
  return { days, start, end, holidays: w.has("on_holidays") ? Boolean(w.get("on_holidays")) : true, always: Boolean(w.get("always")) };
}
function windowsAt(policy, point, levels) {
  const found = [];
  for (const level of levels) {
    for (const grant of listed((policy.get(`level:${level}`) || new Map()).get("grants") || [])) {
      if (!listed(mapped(grant).get("access_points")).includes(point)) continue;
      const schedule = policy.get(`schedule:${grant.get("schedule")}`) || new Map();
      if (schedule.get("always")) found.push(ALWAYS);
      found.push(...listed(schedule.get("windows") || []).map(readWindow));
    }
  }
  return found;
}
function prove(config, policy, classes) {
  const points = [], found = [];
  const keys = [...config.keys()].filter((key) => key.startsWith("ap:")).sort(byCodePoint);
  for (const key of keys) {
    const methods = listed(config.get(key).get("methods") || []), name = key.slice(3), rows = [];
    if (!methods.includes("face")) continue;
    classes.forEach(([levels, held], index) => {
      const face = windowsAt(policy, name, levels);
      const other = held.filter(([method]) => (method === "qr" || method === "fob") && methods.includes(method))
        .flatMap(([, theirs]) => windowsAt(policy, name, theirs));
      const minutes = (windows) => WEEK.reduce((sum, day) =>
        sum + dayIntervals(windows, day, "plain", "plain").reduce((all, [a, b]) => all + b - a, 0), 0);
      rows.push([minutes(face), minutes(other)]);
      for (const day of WEEK) for (const before of KINDS) for (const kind of KINDS) {
        const left = minus(dayIntervals(face, day, before, kind), dayIntervals(other, day, before, kind));
        for (const [start, end] of left) found.push([name, index, day, before, kind, start, end]);
      }
    });
    points.push([name, methods.slice().sort(byCodePoint), rows]);
  }
  return { points, beyond: found.length, witnesses: found.slice(0, MOST_SHOWN) };
}
const WEEK = [0, 1, 2, 3, 4, 5, 6];
const isClass = (one) => Array.isArray(one) && one.length === 2 && Array.isArray(one[0]) && Array.isArray(one[1]) &&
  one[1].every((held) => Array.isArray(held) && held.length === 2 && Array.isArray(held[1]));

function checkProofs(bundle, report) {
  const classes = report.classes;
  need(Array.isArray(classes) && classes.length <= 2000 && classes.every(isClass), "the report names no classes of equal access");
  const proofs = {};
  for (const [gate, [config, policy]] of bundle.published) {
    const proof = proofs[gate] = prove(config.records, policy.records, classes);
    bundle.found.notes.push(`${gate}: proof replayed: ${classes.length} classes of equal access, ` +
      `${proof.points.length} points with face, face alone opens in ${proof.beyond} intervals`);
  }
  need(report.proofs && dumped(report.proofs) === dumped(proofs), "the report's comparison of intervals does not follow");
}

function checkDrill(facts, bound) {                // the list was bound by its hash before, revealed after
  const visit = hex(facts.get("drill")), list = facts.get("list"), hashed = facts.get("list_hash");
  if (facts.get("step") === "opened") bound.set(visit, isBytes(hashed) ? hex(hashed) : "");
  if (facts.get("step") !== "revealed") return;
  need(isBytes(list) && hex(sha(list)) === bound.get(visit), "a drill's list is not the one that was bound before");
}
function checkControl(bundle) {
  const bound = new Map(), tree = new Tree(0, []), kinds = new Map(), form = (seq) => `record ${seq} of the controller has the wrong form`;
  for (const leaf of leavesOf(hashed(bundle, "control.log"), 65535)) {
    const f = readCbor(leaf), seq = tree.size;
    need(Array.isArray(f) && f.length === 6 && typeof f[2] === "string" && isWhole(f[3]) && f[4] instanceof Map &&
      isBytes(f[5]), form(seq));
    need(f[0] === 1 && f[1] === seq, `record ${seq} of the controller is out of place`);
    if (f[2] === "drill" && isBytes(f[4].get("drill"))) checkDrill(f[4], bound);
    kinds.set(f[2], (kinds.get(f[2]) || 0) + 1);
    tree.append(leafHash(leaf));
  }
  bundle.control = { size: tree.size, root: tree.root() };
  const told = [...kinds].sort((a, b) => byCodePoint(a[0], b[0])).map(([kind, count]) => `${kind} ${count}`).join(", ");
  bundle.found.notes.push(`controller log: ${tree.size} records (${told})`);
}
function checkControlHead(bundle, report) {
  const said = report.control_log, { size, root } = bundle.control;
  need(said && said.size === size && said.root === hex(root), "the controller's log is not the one in the report");
  const signed = readCheckpoint(String(said.checkpoint), bundle.keys.scopes.ack || new Map());
  need(signed.origin === `${bundle.manifest.site}/controller/0` && signed.size === size && same(signed.root, root),
    "the controller's log is not what the controller signed");
}

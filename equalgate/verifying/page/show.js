// Show the answer: one word, what it means, then what was checked. Both languages stand together.
"use strict";

const SAID = {
  INTACT: ["记录完整，未被改动", "The records are complete and unchanged."],
  ALTERED: ["记录被改动过", "Something in this bundle was changed."],
  INCOMPLETE: ["记录不完整", "Something that must be there is missing."],
};
const element = (name, words, kind = "") => {
  const made = document.createElement(name);
  made.textContent = words;
  if (kind) made.className = kind;
  return made;
};
const at = (id) => document.getElementById(id);

function row(log) {
  const last = log.first + log.count - 1;
  const when = log.witnessed < 0 ? "—" : new Date(log.witnessed_at_s * 1000).toLocaleString();
  const upto = log.witnessed < 0 ? "—" : `${log.witnessed - 1}`;
  const beyond = log.witnessed >= 0 ? Math.max(0, last - log.witnessed + 1) : log.count;
  const cells = [log.gate, `${log.first}–${last}`, log.checkpoints, upto, when, beyond, log.erased, log.simulated];
  const made = document.createElement("tr");
  for (const cell of cells) made.append(element("td", String(cell)));
  return made;
}
function list(id, lines) {
  at(id).replaceChildren(...lines.map((line) => element("li", line)));
  at(id).parentElement.hidden = !lines.length;
}
function show(found, name) {
  const [zh, en] = SAID[found.verdict];
  at("verdict").className = `verdict ${found.verdict.toLowerCase()}`;
  at("word").textContent = found.verdict;
  at("zh").textContent = zh;
  at("en").textContent = en;
  at("file").textContent = name;
  list("wrong", [...found.altered, ...found.incomplete]);
  at("logs").replaceChildren(...found.logs.map(row));
  const rules = Object.entries(found.rules).map(([verdict, count]) => `${verdict}: ${count}`);
  list("rules", rules);
  list("notes", found.notes);
  at("answer").hidden = false;
  at("busy").hidden = true;
  at("answer").focus();
}
function begin(file) {
  at("answer").hidden = true;
  at("busy").hidden = false;
  const key = at("key").value, shown = at("shown").value;
  file.arrayBuffer().then((buffer) => {
    const data = new Uint8Array(buffer);
    try {
      const code = at("engine").textContent + "\nonmessage=(e)=>postMessage(verifyBundle(...e.data));";
      const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
      worker.onmessage = (event) => { show(event.data, file.name); worker.terminate(); };
      worker.onerror = () => show(verifyBundle(data, key, shown), file.name);
      worker.postMessage([data, key, shown]);
    } catch (e) {
      setTimeout(() => show(verifyBundle(data, key, shown), file.name), 20);
    }
  });
}
function showAnswer() {
  const found = verifyAnswer(at("shown").value, at("nonce").value);
  at("spot").className = `verdict ${found.holds ? "intact" : "altered"}`;
  at("spot-word").textContent = found.holds ? "签名成立 · The signature holds" : "不成立 · It does not hold";
  at("spot-lines").replaceChildren(...found.lines.map((line) => element("li", line)));
  at("spot").hidden = false;
}
addEventListener("DOMContentLoaded", () => {
  at("check-answer").addEventListener("click", showAnswer);
  at("pick").addEventListener("change", (event) => event.target.files[0] && begin(event.target.files[0]));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) begin(event.dataTransfer.files[0]);
  });
});

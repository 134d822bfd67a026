// Show the code of this minute for 24 h, with or without the controller. Without this script the
// page shows one code and a button for the next.
import { generate } from "./vendor/lean-qr.mjs";

const MINUTE_MS = 60_000;
const AGAIN_MS = 60 * MINUTE_MS;
const place = document.getElementById("pass");
const code = document.getElementById("code");
const state = document.getElementById("state");
let held = null; // what the controller signed: {windows, window_s}, and how far our clock is off
let skew_ms = 0;
let askedAt = 0;
let isAway = false;
let shown = -1;

const how = { hour12: false, hour: "2-digit", minute: "2-digit", timeZone: place.dataset.zone };
const clock = (ms) => new Date(ms).toLocaleTimeString("zh-CN", how);

const draw = (text) => {
  const qr = generate(text, { minCorrectionLevel: 1, maxCorrectionLevel: 1 });
  const edge = qr.size + 8;
  let path = "";
  for (let y = 0; y < qr.size; y += 1) {
    for (let x = 0; x < qr.size; x += 1) if (qr.get(x, y)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
  }
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${edge} ${edge}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", place.dataset.label);
  svg.setAttribute("shape-rendering", "crispEdges");
  const dark = document.createElementNS(space, "path");
  dark.setAttribute("d", path);
  svg.append(dark);
  code.replaceChildren(svg);
};

const say = (text, ms) => {
  const time = document.createElement("time");
  time.className = "figures";
  if (ms) time.textContent = ` ${clock(ms)}`;
  state.replaceChildren(text, time);
};

const show = () => {
  if (!held) return;
  const now = Date.now() + skew_ms;
  const step = held.window_s * 1000;
  const at = held.windows.findIndex(([start]) => start * 1000 <= now && now < start * 1000 + step);
  if (at < 0) {
    code.replaceChildren();
    say(place.dataset.over);
    place.dataset.state = "over";
    return;
  }
  if (at !== shown) draw(held.windows[at][1]);
  shown = at;
  place.dataset.window = String(held.windows[at][0]);
  place.dataset.state = isAway ? "offline" : "online";
  const until = held.windows[held.windows.length - 1][0] * 1000 + step;
  say(isAway ? place.dataset.offline : place.dataset.works, until);
};

const ask = async () => {
  askedAt = Date.now();
  try {
    const answer = await fetch(place.dataset.windows, { headers: { accept: "application/json" } });
    if (answer.ok) {
      held = await answer.json();
      skew_ms = held.now_ms - Date.now();
      shown = -1;
      isAway = false;
    } else if (answer.status === 401 || answer.status === 403 || answer.status === 404) {
      held = null;
      code.replaceChildren();
      say(place.dataset.ended);
      place.dataset.state = "ended";
    }
  } catch {
    isAway = true;
  }
  show();
};

const tick = () => {
  const wait = isAway ? MINUTE_MS : AGAIN_MS;
  if (Date.now() - askedAt >= wait || Date.now() < askedAt) ask();
  else show();
};

window.setInterval(tick, 1000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) tick();
});
window.addEventListener("online", ask);
window.addEventListener("offline", () => {
  isAway = true;
  show();
});
ask();

// Keep the live page up to date. Without this script the page reloads itself every 10 s.
"use strict";
(() => {
  const MOST = 60;
  const gates = document.getElementById("gates");
  const events = document.getElementById("events");
  const stale = document.getElementById("stale");
  const since = document.getElementById("stale-since");
  const seen = new Set(Array.from(events.querySelectorAll("[data-id]"), (row) => row.dataset.id));

  // The server escapes everything that it puts into these fragments.
  const fragment = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content;
  };

  const addEvent = (message) => {
    if (seen.has(message.lastEventId)) return;
    seen.add(message.lastEventId);
    for (const row of events.querySelectorAll(".empty")) row.remove();
    const row = fragment(message.data);
    row.firstElementChild.classList.add("fresh");
    events.prepend(row);
    while (events.children.length > MOST) {
      seen.delete(events.lastElementChild.dataset.id);
      events.lastElementChild.remove();
    }
  };

  const newest = events.querySelector("[data-id]");
  const source = new EventSource(gates.dataset.stream);
  source.addEventListener("event", addEvent);
  source.addEventListener("gates", (message) => {
    gates.replaceChildren(fragment(message.data));
  });
  source.addEventListener("open", () => {
    stale.hidden = true;
    document.documentElement.dataset.live = newest ? newest.dataset.id : "0";
  });
  source.addEventListener("error", () => {
    if (stale.hidden) since.textContent = new Date().toLocaleTimeString([], { hour12: false });
    stale.hidden = false;
    if (source.readyState === EventSource.CLOSED) window.setTimeout(() => window.location.reload(), 3000);
  });
})();

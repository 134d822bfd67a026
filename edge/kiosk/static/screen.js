// Renew the screen from its stream; without it the page reloads itself.
"use strict";
const screen_ = document.getElementById("screen");
let source = null;
let heard = Date.now();
function listen() {
  source = new EventSource(screen_.dataset.stream);
  source.addEventListener("screen", (event) => {
    heard = Date.now();
    screen_.innerHTML = event.data;
  });
  source.addEventListener("alive", () => { heard = Date.now(); });
}
// A touch is sent without leaving the page, so that the screen never goes blank.
screen_.addEventListener("submit", (event) => {
  event.preventDefault();
  fetch(event.target.action, { method: "POST" }).catch(() => undefined);
});
setInterval(() => {
  if (Date.now() - heard > 6000) { location.reload(); }
}, 2000);
listen();

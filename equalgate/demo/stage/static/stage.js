// Renew each panel when it changes; without scripts the page reloads itself.
"use strict";
const names = ["gate", "happened", "optional", "inspector"];
const source = new EventSource(document.getElementById("p-gate").dataset.stream + location.search);
for (const name of names) {
  source.addEventListener(name, (event) => {
    const panel = document.getElementById(`p-${name}`);
    const open = [...panel.querySelectorAll("details")].map((each) => each.open);
    panel.innerHTML = event.data;
    panel.querySelectorAll("details").forEach((each, at) => { each.open = open[at] || false; });
  });
}
document.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  fetch(event.target.action, { method: "POST", redirect: "manual" })
    .catch(() => undefined)
    .finally(() => { button.disabled = false; });
});

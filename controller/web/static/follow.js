// Keep marked parts of a page up to date from a stream. Without this script the page is reloaded.
"use strict";
(() => {
  for (const part of document.querySelectorAll("[data-stream]")) {
    const source = new EventSource(part.dataset.stream);
    // The server escapes everything that it puts into the part.
    source.addEventListener("part", (message) => {
      const holder = document.createElement("template");
      holder.innerHTML = message.data;
      part.replaceChildren(holder.content);
    });
    source.addEventListener("end", () => source.close());
  }
})();

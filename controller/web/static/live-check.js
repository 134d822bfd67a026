// Keep the answer beside a form current: <form data-check="/path" data-answer="id">. Without this
// script the form's own "check" button gives the same answer.
"use strict";
for (const form of document.querySelectorAll("form[data-check]")) {
  const answer = document.getElementById(form.dataset.answer);
  let asked = 0;
  let waiting = 0;
  const ask = async () => {
    const mine = ++asked;
    const got = await fetch(form.dataset.check, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (got.ok && mine === asked) answer.innerHTML = await got.text();
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
}

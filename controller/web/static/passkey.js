// Passkeys: a button asks our server, then the device's authenticator, and sends the answer back.
// Without this script the buttons stay hidden; password and one-time codes need none.
"use strict";
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const post = async (path, body) => {
  const got = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!got.ok) throw new Error(String(got.status));
  return got.json();
};
const ask = async (kind, options) => {
  options.challenge = bytes(options.challenge);
  if (kind === "new") {
    options.user.id = bytes(options.user.id);
    for (const each of options.excludeCredentials ?? []) each.id = bytes(each.id);
    return navigator.credentials.create({ publicKey: options });
  }
  for (const each of options.allowCredentials ?? []) each.id = bytes(each.id);
  return navigator.credentials.get({ publicKey: options });
};
const spoken = (made) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (made.response[name]) response[name] = text(made.response[name]);
  return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
};
if (window.PublicKeyCredential) {
  for (const box of document.querySelectorAll("[data-passkey-box]")) {
    box.hidden = false;
    const button = box.querySelector("[data-passkey]");
    const error = box.querySelector("[data-passkey-error]");
    button.addEventListener("click", async () => {
      error.hidden = true;
      button.disabled = true;
      try {
        const asked = await post(button.dataset.options, {});
        const made = await ask(button.dataset.passkey, JSON.parse(asked.options));
        const label = navigator.userAgentData?.platform ?? "";
        const done = await post(button.dataset.answer, { token: asked.token, answer: spoken(made), label });
        location.assign(done.next);
      } catch {
        error.hidden = false;
        button.disabled = false;
      }
    });
  }
}

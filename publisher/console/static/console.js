// Keeps pages fresh, and forms from being sent twice. Every page works without it.
"use strict";

const EVERY_MS = 2000;
const AFTER_A_FAULT_MS = 10000;

// Put a fresh piece in place of an old one; what the reader has opened or stands on stays so.
function swap(old, fresh) {
  const open = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
  const typed = [...old.querySelectorAll("input[id], textarea[id]")].map((one) => [one.id, one.value]);
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const place = focused && focused.closest("[id]");
  old.replaceWith(fresh);
  open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  typed.forEach(([id, value]) => { const field = document.getElementById(id); if (field) field.value = value; });
  if (place) {
    const again = document.getElementById(place.id);
    (again?.tagName === "DETAILS" ? again.querySelector("summary") : again)?.focus({ preventScroll: true });
  }
}

function keepFresh(root) {
  const pieces = [...root.querySelectorAll("[data-piece]")];
  const seen = new Map(pieces.map((piece) => [piece.id, piece.outerHTML]));
  const renew = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const piece of page.querySelectorAll("[data-piece]")) {
      const old = document.getElementById(piece.id);
      const words = piece.outerHTML;
      if (old && seen.get(piece.id) !== words) swap(old, document.adoptNode(piece));
      seen.set(piece.id, words);
    }
  };
  const ask = async () => {
    let wait = EVERY_MS;
    try {
      if (!document.hidden) {
        const answer = await fetch(root.dataset.live, { redirect: "manual", headers: { Accept: "text/html" } });
        if (answer.ok) renew(await answer.text());
        else wait = AFTER_A_FAULT_MS;
      }
    } catch {
      wait = AFTER_A_FAULT_MS;
    }
    setTimeout(ask, wait);
  };
  setTimeout(ask, EVERY_MS);
}

// A file that is too large is named before it is sent, not after.
function tooLarge(form) {
  for (const input of form.querySelectorAll("input[type=file][data-max-mb]")) {
    const most = Number(input.dataset.maxMb);
    const file = [...input.files].find((one) => one.size > most * 2 ** 20);
    input.setCustomValidity(file ? `“${file.name}”超过 ${most} MB，请压缩后再选` : "");
    if (file) input.reportValidity();
  }
}

document.addEventListener("change", (event) => {
  if (event.target.form) tooLarge(event.target.form);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  const button = event.submitter;
  if (button?.dataset.busy) button.lastChild.textContent = button.dataset.busy;
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
// A button that copies the words of a field; without scripts they can be marked and copied.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    const status = button.parentElement.querySelector("[data-copied]");
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = "已复制";
    } catch {
      status.textContent = document.execCommand("copy") ? "已复制" : "请按 Ctrl+C 复制";
    }
  });
}
document.querySelectorAll("[data-live]").forEach(keepFresh);
document.getElementById("faults")?.focus();

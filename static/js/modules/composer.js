// Runs the composer: keeps the draft on the server, takes files by button, drop or paste. (Ctrl/Cmd+Enter: keyboard.js.)
import { post } from "../lib/http.js";
import { richText } from "../lib/rich.js";
import { uploads } from "../lib/uploads.js";

const PAUSE = 700;

export default function composer(form) {
  const status = form.querySelector("[data-draft-status]");
  richText(form, uploads(form));
  let timer = null, isUnsent = false, saved = essence(form, "defaultValue"); // what the server rendered: typing may have begun before this ran

  const say = (key) => { if (status) status.textContent = status.dataset[key] || ""; };
  const sayOfDraft = (key) => { if (!isUnsent) say(key); }; // that the reply was not sent is what matters then
  async function save() {
    clearTimeout(timer);
    const now = essence(form);
    if (now === saved || !form.dataset.draftUrl) return;
    saved = now;
    sayOfDraft("saving");
    const answer = await post(form.dataset.draftUrl, draftOf(form)).catch(() => null);
    if (!answer?.ok) saved = null;
    sayOfDraft(answer?.ok ? "saved" : "failed");
  }
  const fold = () => { if (!form.matches(":focus-within")) form.classList.remove("is-wanted"); };
  const later = () => { clearTimeout(timer); timer = setTimeout(save, PAUSE); };

  // A press on a part of it must not fold it before the click is heard; a press elsewhere lets it fold.
  form.addEventListener("pointerdown", ({ target }) => {
    if (isTab(target) && !form.matches(":focus-within, .is-wanted")) return;
    form.classList.add("is-wanted");
    document.addEventListener("pointerdown", function elsewhere(event) {
      if (form.contains(event.target)) return;
      document.removeEventListener("pointerdown", elsewhere, true);
      onceReleased(fold);
    }, true);
  });
  // Between one part and the next nothing has the focus: folded at that moment, it would hide the part that is to get it.
  form.addEventListener("focusin", ({ target }) => { if (!isTab(target)) form.classList.add("is-wanted"); });
  form.addEventListener("input", () => { isUnsent = false; later(); });
  form.addEventListener("focusout", ({ relatedTarget }) => {
    if (form.contains(relatedTarget)) return;
    if (relatedTarget) onceReleased(fold);
    save();
  });
  form.addEventListener("uploads:changed", save);
  form.addEventListener("submit", () => { clearTimeout(timer); isUnsent = false; saved = essence(form); });
  form.addEventListener("htmx:sendError", (event) => { // the token makes a retry safe
    if (event.detail.elt !== form) return;
    isUnsent = true;
    say("unsent");
  });
  window.addEventListener("pagehide", () => {
    if (form.isConnected && essence(form) !== saved && form.dataset.draftUrl) navigator.sendBeacon?.(form.dataset.draftUrl, draftOf(form, true));
  });
  if (essence(form) !== saved) later();
}

// What folds while a button is pressed moves that button away, and its click is lost.
let isPressed = false;
const waiting = [];
const onceReleased = (act) => { if (isPressed) waiting.push(act); else act(); };
document.addEventListener("pointerdown", () => {
  isPressed = true;
  document.querySelector(".composer:has(:focus:not(a.composer__tab))")?.classList.add("is-wanted"); // the press takes the focus
}, true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(() => {
  isPressed = false;
  for (const act of waiting.splice(0)) act();
}), true);

// Note and call are links that stand in the folded line: what unfolds under the pointer hears no click.
const isTab = (element) => element.closest("a.composer__tab");

function essence(form, property = "value") {
  const files = [...form.querySelectorAll("[name=attachment_id]")].map((field) => field.value);
  return JSON.stringify([form.querySelector("textarea[name=text]")?.[property] ?? "", files, htmlOf(form), ...mailFields(form)]);
}

// The formatted version of a mail: "" while it is written plain, null where there is none.
const htmlOf = (form) => form.querySelector("[name=html]:enabled")?.value ?? null;

// Who gets a copy, and whether the signature goes along: [name, value] pairs, as the form would send them.
function mailFields(form) {
  const fields = [...form.querySelectorAll("[data-mail-field]")].filter((field) => field.type !== "checkbox" || field.checked);
  return fields.map((field) => [field.name, field.value]);
}

function draftOf(form, withToken = false) {
  const body = new FormData();
  body.set("text", form.querySelector("textarea[name=text]")?.value ?? "");
  if (htmlOf(form) !== null) body.set("html", htmlOf(form));
  body.set("kind", form.dataset.kind ?? "reply");
  body.set("client_token", form.querySelector("[name=client_token]")?.value ?? "");
  for (const [name, value] of mailFields(form)) body.append(name, value);
  for (const field of form.querySelectorAll("[name=attachment_id]")) body.append("attachment_id", field.value);
  if (withToken) body.set("csrf_token", form.querySelector("[name=csrf_token]")?.value ?? "");
  return body;
}

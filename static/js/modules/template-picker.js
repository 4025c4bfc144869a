// Picks a template in the composer: "#", the button, or "/" on an empty line opens the list. "#" or the button opens the list, and so does
// "/" on an empty line; typing narrows it, arrows and Enter choose. The server fills the variables in; the text lands where the cursor is.
import { announce } from "../lib/announce.js";
import { csrfToken } from "../lib/http.js";
import { gapBefore, insertFormatted, insertText, onEmptyLine, selectFirst, writingField } from "../lib/insert.js";

const HOLE = /⟦[a-z_.]+⟧/;

export default function templatePicker(bar) {
  const form = bar.closest("form"), opener = bar.querySelector("[data-open]"), panel = bar.querySelector(".template-picker");
  const words = panel.querySelector("input"), none = panel.querySelector("[data-none]");
  const field = () => writingField(form);
  const options = () => [...panel.querySelectorAll("[role=option]:not([hidden])")];
  let typed = "", current = null; // `typed`: what opened the list and belongs into the text if nothing is chosen
  let loading = null; // the list is asked for once per composer

  bar.querySelector("noscript")?.remove(); // a swapped-in one would be the form's first submit button

  async function open(by = "", sought = "") {
    typed = by + sought;
    words.value = sought;
    panel.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    words.focus();
    await (loading ??= load());
    narrow();
  }

  async function load() {
    const html = await read(bar.dataset.listUrl, "template-options");
    if (html === null) loading = null;
    else panel.querySelector("#template-options").outerHTML = html;
  }

  function close({ giveBack = true } = {}) {
    if (panel.hidden) return;
    panel.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    if (!giveBack) return;
    field().focus();
    if (typed) insertText(field(), typed);
  }

  function narrow() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const option of panel.querySelectorAll("[role=option]")) {
      const text = option.textContent.toLowerCase();
      option.hidden = !wanted.every((word) => text.includes(word));
    }
    panel.querySelector("#template-options").hidden = options().length === 0;
    none.textContent = options().length ? "" : none.dataset.none;
    mark(options()[0] ?? null);
  }

  function mark(option) {
    current?.setAttribute("aria-selected", "false");
    current = option;
    current?.setAttribute("aria-selected", "true");
    current?.scrollIntoView({ block: "nearest" });
    if (current) words.setAttribute("aria-activedescendant", current.id);
    else words.removeAttribute("aria-activedescendant");
  }

  function step(by) {
    const shown = options();
    if (shown.length) mark(shown[(shown.indexOf(current) + by + shown.length) % shown.length]);
  }

  async function use(id) {
    const body = new FormData();
    body.set("template_id", id);
    const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
    const answer = await fetch(bar.dataset.useUrl, { method: "POST", body, headers, credentials: "same-origin" }).catch(() => null);
    const filled = answer?.ok ? await answer.json().catch(() => null) : null;
    if (!filled) return say(bar.dataset.failed);
    typed = "";
    close({ giveBack: false });
    if (filled.html && field().isContentEditable) insertFormatted(field(), filled.html);
    else insertText(field(), gapBefore(field()) + filled.text);
    fillSubject(filled.subject);
    selectFirst(field(), HOLE);
    announce(filled.said);
  }

  function say(text) { none.textContent = text; announce(text); }

  function fillSubject(subject) {
    const input = form.querySelector("input[name=subject]");
    if (!input || input.value || !subject) return;
    input.value = subject;
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: async () => { await loading; if (current) use(current.dataset.template); },
    Escape: () => close(),
  };
  words.addEventListener("input", (event) => { event.stopPropagation(); narrow(); });
  words.addEventListener("keydown", (event) => {
    if (event.isComposing || !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  // A macro puts a template in: it asks the composer on the page, but never a forward, which is not written to the contact.
  const fromMacro = (event) => (bar.isConnected ? use(event.detail.id) : document.removeEventListener("insert-template", fromMacro));
  if (form.dataset.kind !== "forward") document.addEventListener("insert-template", fromMacro);
  opener.addEventListener("click", () => (panel.hidden ? open() : close()));
  panel.addEventListener("pointerdown", (event) => { if (event.target !== words) event.preventDefault(); }); // the search keeps the focus
  bar.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-template]");
    if (chosen) use(chosen.dataset.template);
  });
  bar.addEventListener("focusout", (event) => { if (!bar.contains(event.relatedTarget)) close({ giveBack: false }); });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.isComposing || event.target !== field() || !onEmptyLine(event.target)) return;
    event.preventDefault();
    open("/");
  });
  const early = field(); // somebody typed before this ran
  if (document.activeElement === early && /^\/\w*$/.test(early.value ?? "")) {
    const sought = early.value.slice(1);
    early.value = "";
    open("/", sought);
  }
}

// A fragment of ours as text; null where the answer is none.
async function read(url, target) {
  const headers = { "HX-Request": "true", "HX-Target": target };
  const answer = await fetch(url, { headers, credentials: "same-origin" }).catch(() => null);
  return answer?.ok ? answer.text() : null;
}

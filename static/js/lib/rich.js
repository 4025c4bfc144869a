// Lays a rich-text editor over the plain text field of a mail. What is sent is the field `html`; the server cleans it and makes the plain
// text from it. Switched off, or without scripts, the plain field is all there is.
import { elementsOf } from "./http.js";
import { caretOf, insertHtml, insertText, rememberCaret, restoreCaret } from "./insert.js";
import { cleanHtml, clipboardHtml, escaped, sourceForMail, textToHtml } from "./rich-html.js";
import { toolbar } from "./rich-tools.js";

const PICTURES = /^image\/(png|jpeg|gif|webp)$/;
const REMEMBERED = "formatting";

// `take(files, taken)` uploads files for the message. `remembers`: whoever writes with formatting finds it on next time.
export function richText(form, take, { remembers = true } = {}) {
  const box = form.querySelector("[data-rich]"), toggle = form.querySelector("[data-rich-toggle]");
  const plain = form.querySelector("textarea[name=text]"), field = form.querySelector("input[name=html]");
  if (!box || !toggle || !plain) return;
  const editor = box.querySelector("[contenteditable]"), kept = field.value;
  const has = (id) => form.querySelector(`[name=attachment_id][value="${CSS.escape(id)}"]`) !== null;
  const urlOf = (id) => (has(id) ? box.dataset.fileUrl.replace("00000000-0000-0000-0000-000000000000", id) : null);
  const shown = (html) => cleanHtml(elementsOf(html), urlOf);
  let on = false, before = { text: null, html: "" }; // what formatting was switched off with, should it come back unchanged

  function sync() {
    editor.classList.toggle("is-empty", !editor.textContent.trim() && !editor.querySelector("img, li, blockquote"));
    field.value = cleanHtml(editor.childNodes, (id) => (has(id) ? sourceForMail(id) : null));
    plain.value = editor.innerText.replace(/\u00a0/g, " ").replace(/\n{3,}/g, "\n\n").trim();
  }

  function changed() {
    sync();
    editor.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  function fill(html) {
    editor.replaceChildren(...elementsOf(html || "<p><br></p>"));
    editor.classList.toggle("is-empty", !html);
  }

  function turn(wanted) {
    on = wanted;
    toggle.setAttribute("aria-pressed", String(on));
    box.hidden = !on;
    plain.hidden = on;
    form.querySelector(`a[href="#${on ? plain.id : editor.id}"]`)?.setAttribute("href", `#${on ? editor.id : plain.id}`);
  }

  function turnOn() {
    turn(true);
    fill(shown(before.text === plain.value ? before.html : textToHtml(plain.value)));
    changed();
    restoreCaret(editor);
  }

  function turnOff() {
    sync();
    before = { text: plain.value, html: field.value };
    turn(false);
    field.value = "";
    plain.focus();
    plain.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  function insertPicture(id, name) {
    const image = `<img src="${escaped(urlOf(id))}" alt="${escaped(name)}" data-file="${escaped(id)}">`;
    if (editor.contains(document.activeElement)) document.execCommand("insertHTML", false, image);
    else { caretOf(editor).insertNode(elementsOf(image)[0]); changed(); }
  }

  function takeFiles(files) {
    for (const file of files) take([file], PICTURES.test(file.type) ? (id, name) => { if (on) insertPicture(id, name); } : undefined);
  }

  function paste(event) {
    const { clipboardData: data } = event, html = shown(clipboardHtml(data.getData("text/html"))), text = data.getData("text/plain");
    event.preventDefault();
    event.stopPropagation();
    const words = html.replace(/<[^>]*>/g, "").trim();
    if (data.files.length && !words) takeFiles(data.files); // a copied picture brings a piece of its page along
    else if (html) insertHtml(editor, html);
    else insertText(editor, text);
  }

  function drop(event) {
    event.preventDefault();
    event.stopPropagation();
    form.classList.remove("is-dropping");
    takeFiles(event.dataTransfer.files);
  }

  const follow = () => { if (!editor.isConnected) document.removeEventListener("selectionchange", follow); else if (on) rememberCaret(editor); };
  document.addEventListener("selectionchange", follow);
  editor.addEventListener("input", sync);
  editor.addEventListener("paste", paste);
  editor.addEventListener("drop", drop);
  form.addEventListener("uploads:changed", () => {
    const gone = [...editor.querySelectorAll("img")].filter((image) => !has(image.dataset.file ?? ""));
    if (gone.length) { gone.forEach((image) => image.remove()); sync(); }
  });
  toggle.addEventListener("click", () => { (on ? turnOff : turnOn)(); if (remembers) remember(on); });
  toolbar(box, editor);
  document.execCommand("defaultParagraphSeparator", false, "p");
  field.disabled = false;
  toggle.hidden = false;

  const wasWriting = document.activeElement === plain || hadFocus, untouched = plain.value === plain.defaultValue;
  if (kept && untouched) { turn(true); fill(shown(kept)); } // typed meanwhile: the words count, they stay plain
  else field.value = "";
  if (!on && remembers && isRemembered()) { turn(true); fill(shown(textToHtml(plain.value))); if (plain.value) field.value = shown(textToHtml(plain.value)); }
  if (on && wasWriting) restoreCaret(editor);
  hadFocus = false;
}

// The editor of a fresh composer goes on where that of the one before had the focus.
let hadFocus = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  hadFocus = document.activeElement?.id === "composer-rich" && event.detail.target?.contains(document.activeElement);
});

// Whoever writes with formatting finds it on next time, in this browser.
function remember(on) {
  try { if (on) localStorage.setItem(REMEMBERED, "on"); else localStorage.removeItem(REMEMBERED); } catch { /* no storage: off each time */ }
}

function isRemembered() {
  try { return localStorage.getItem(REMEMBERED) === "on"; } catch { return false; }
}

// Handles single-key shortcuts: an element says its key by data-key="e". A field gets the focus, anything else is clicked. Nothing happens while somebody types, with Ctrl, Alt or Cmd held, or where the person switched single keys off.
import { placeOfOpen } from "./advance.js";
import { leaveField } from "./focus.js";

const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

export function startKeyboard() {
  document.addEventListener("thread-opened", openWanted);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return leave(event);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return send(event);
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.body.dataset.keys !== "on" || document.querySelector("dialog[open]")) return;
    meant = "";
    if (press(event.key)) event.preventDefault();
  });
}

// Keys are written as on a Mac; elsewhere the one beside them is called Ctrl.
export function nameKeys(root) {
  if (/Mac|iPhone|iPad/.test(navigator.platform)) return;
  root.querySelectorAll(".kbd").forEach((key) => { if (key.textContent.includes("⌘")) key.textContent = key.textContent.replace("⌘", "Ctrl "); });
}

// Ctrl or Cmd with Enter sends what is being written, with Shift it is the end of the matter too.
function send(event) {
  const form = event.target.form ?? event.target.closest("[contenteditable]")?.closest("form"), button = form?.querySelector(event.shiftKey ? "[data-send-resolve]" : "[data-send]");
  if (!button || button.disabled) return;
  event.preventDefault();
  button.click(); // not requestSubmit: htmx sends the name of a button only when it was clicked
}

// Two keys after each other, such as g and o, lead to a place: an element says both, data-key="g o".
let first = "";
function press(key) {
  const both = `${first} ${key}`;
  first = key === "g" ? key : "";
  if (both.startsWith("g ") && use(document.querySelector(`[data-key="${CSS.escape(both)}"]`))) return true;
  if (first) return true;
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  if (key === "/") return focusFirst("[data-search]");
  const keys = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter((candidate) => !isIdle(candidate));
  const element = keys.find((candidate) => candidate.checkVisibility()) ?? keys[0];
  if (offer(key)) return true;
  if (!element && OF_THREAD.includes(key) && document.querySelector("#thread-pane:not([inert]):not(:has([data-thread-id]))") && document.activeElement.matches("a[data-row][hx-get]")) {
    document.activeElement.click(); // nothing is open: the key is for the row that has the focus
    return again(key, "thread-opened");
  }
  if (element ? element.closest("[inert]") : document.querySelector("#thread-pane[inert]")) return again(key, "thread-opened");
  if (!element && document.querySelector(`[data-coming~="${CSS.escape(key)}"]`)) return again(key, "htmx:load");
  return use(element) || (key === "c" && use(document.querySelector('[data-key="+"]'))); // where no call is to be logged: a new message
}

// The bar over a list acts on what is selected: where nothing is, the keys it shares with the open thread are that one's.
const isIdle = (element) => OF_THREAD.includes(element.dataset.key) && element.closest(".bulk-bar") && !element.checkVisibility();
const OF_THREAD = ["e", "a", "h", "t", "q", "w", "m", "!", "o", "r", "n", "c", "d", "p", "l"];

// A key for a thread or a part that is on its way counts for that one; the last one pressed wins.
let meant = "";
function again(key, arrival) {
  document.addEventListener(arrival, () => { if (key === meant) press(key); }, { once: true });
  meant = key;
  return true;
}

// A module may take a key that no element bears: it listens for "single-key" and prevents the default.
const offer = (key) => !document.dispatchEvent(new CustomEvent("single-key", { cancelable: true, detail: { key } }));

export function use(element) {
  if (!element) return false;
  openDrawerOf(element);
  unfoldComposerOf(element);
  if (element.matches("textarea, input, [contenteditable]")) focusOn(element);
  else element.click();
  if (element.matches("summary")) openedMenu(element).focus();
  return true;
}

// What lies in a drawer that is shut cannot take the focus: the drawer's button opens it first.
function openDrawerOf(element) {
  const drawer = element.checkVisibility() ? null : element.closest(".pane--context");
  if (drawer) document.querySelector(`[aria-controls="${drawer.id}"][aria-expanded="false"]`)?.click();
}

// The composer is one line until it is wanted, and what lies in it is out of sight: its field has the focus first.
function unfoldComposerOf(element) {
  const form = element.checkVisibility() ? null : element.closest("form.composer");
  form?.querySelector("textarea[name=text]")?.focus();
}

// What is folded away cannot take the focus either.
function focusOn(field) {
  const fold = field.closest("details:not([open])");
  if (fold) fold.open = true;
  field.focus();
}

const openedMenu = (summary) => summary.parentElement.querySelector(".menu__panel :is(a, button, input:not([type=hidden]))") ?? summary;

function focusFirst(selector) {
  const field = [...document.querySelectorAll(selector)].find((candidate) => candidate.offsetParent !== null) ?? document.querySelector(selector);
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

function step(direction) {
  const rows = [...document.querySelectorAll("a[data-row]")];
  if (!rows.length) return false;
  const focused = rows.indexOf(document.activeElement), current = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const from = focused >= 0 ? focused : current >= 0 ? current : placeOfOpen() - (direction > 0 ? 1 : 0);
  const next = rows[Math.min(rows.length - 1, Math.max(0, from + direction))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (next !== rows[current] && opensBeside(next)) open(next);
  return true;
}

// One thread at a time is asked for: who goes on meanwhile gets the row they stand on next, and the keys they press are for that one.
let wanted = null;
function open(row) {
  wanted = document.querySelector("#thread-pane[inert]") ? row : null;
  if (!wanted) row.click();
}

function openWanted(event) {
  const row = wanted, id = document.querySelector("#thread-pane [data-thread-id]")?.dataset.threadId;
  wanted = null;
  if (!row?.isConnected || row.closest("li").id === `row-${id}`) return;
  event.stopImmediatePropagation();
  row.click();
}

// To move is to open, where the thread is shown beside the list.
const opensBeside = (row) => row.matches("[hx-get]") && document.querySelector("#thread-pane") && matchMedia("(min-width: 721px)").matches;

// A menu that nobody listens to yet, or that was left open.
function shut(menu) {
  if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  menu.open = false;
}

// Escape leaves the field first, then the thread.
function leave(event) {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const menus = document.querySelectorAll("details.menu[open]");
  if (menus.length) return menus.forEach(shut);
  if (typing(event.target)) return leaveField(event.target);
  if (document.body.dataset.keys === "on" && !offer("Escape")) use(document.querySelector('[data-key="u"]'));
}

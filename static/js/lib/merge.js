// Merges newly rendered HTML into a shown element, child by child, by id. What did not change is not touched: focus, selection, open folds,
// frames and the place under the pointer survive.
const rendered = new WeakMap();

function essence(element) {
  return element.outerHTML.replace(/(name="csrf_token"[^>]*value=")[^"]*/g, "$1").replace(/ data-shown="[^"]*"/g, "");
}

// Remember children as the server sent them, before scripts or people open and focus things.
export function remember(parent) {
  for (const child of parent?.children ?? []) if (!rendered.has(child)) rendered.set(child, essence(child));
}

function adopt(node) {
  const copy = document.importNode(node, true);
  rendered.set(copy, essence(node));
  return copy;
}

function keepFoldsOpen(old, fresh) {
  // One with an id is itself alone, any other the one in its place.
  const open = [...old.querySelectorAll("details:not([id])")].map((fold) => fold.open);
  fresh.querySelectorAll("details:not([id])").forEach((fold, index) => { if (open[index]) fold.open = true; });
  for (const fold of old.querySelectorAll("details[id][open]")) fresh.querySelector(`details#${CSS.escape(fold.id)}`)?.setAttribute("open", "");
}

// `keep(child)` may save a shown child that the new rendering lacks. Returns the children that are new.
export function merge(shown, fresh, { keep = () => false } = {}) {
  const old = new Map([...shown.children].filter((child) => child.id).map((child) => [child.id, child]));
  const added = [];
  const wanted = [...fresh.children].map((node) => {
    const known = node.id && old.get(node.id);
    if (known && rendered.get(known) === essence(node)) return known;
    const copy = adopt(node);
    if (known) keepFoldsOpen(known, copy);
    else added.push(copy);
    return copy;
  });
  const wantedIds = new Set(wanted.map((node) => node.id).filter(Boolean));
  for (const child of [...shown.children]) {
    if (!wanted.includes(child) && (wantedIds.has(child.id) || !keep(child))) {
      const focused = child.contains(document.activeElement) && wanted.find((node) => node.id && node.id === child.id);
      if (focused) handOver(child, focused);
      else child.remove();
    }
  }
  let place = shown.firstElementChild;
  const kept = (node) => node && !wanted.includes(node);
  for (const node of wanted) {
    while (kept(place) && shown.dataset.kept === "before") place = place.nextElementSibling;
    if (node === place) place = place.nextElementSibling;
    else shown.insertBefore(node, place);
  }
  for (const node of wanted) if (window.htmx) htmx.process(node);
  shown.dispatchEvent(new CustomEvent("fragment:merged", { bubbles: true }));
  return added;
}

// The focus stays on the same control of the newer rendering: by its name, for what came in front of it moved its place.
const CONTROLS = "a, button, summary, input, textarea, select, [tabindex]";
function handOver(old, fresh) {
  const heir = heirOf(old, fresh) ?? fresh;
  old.replaceWith(fresh);
  heir.focus({ preventScroll: true });
}

function heirOf(old, fresh) {
  const focused = document.activeElement, place = [...old.querySelectorAll(CONTROLS)].indexOf(focused);
  const name = focused.id ? `#${CSS.escape(focused.id)}` : focused.dataset.key && `[data-key="${CSS.escape(focused.dataset.key)}"]`;
  return (name && fresh.querySelector(name)) || fresh.querySelectorAll(CONTROLS)[place];
}

// Whether somebody is at work in a part: in an open menu, in a field, has left something typed there, or waits for an answer to what
// they chose, which htmx would put into the part that is no longer shown.
export function isOccupied(part) {
  if (part.querySelector(".htmx-request") || holdsWork(part)) return true;
  return part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
}

// Whether something would be lost with the part: a menu or dialog that is open or asked for, or what was typed.
export function holdsWork(part) {
  const fields = [...part.querySelectorAll("input:not([type=hidden]), textarea")].filter((field) => field.checkVisibility() && !field.closest("[hx-preserve]"));
  return Boolean(part.querySelector("details.menu[open], dialog[open], [hx-get].htmx-request")) || fields.some((field) => field.value !== field.defaultValue);
}

// Replace a small part whole; false if somebody is at work inside it, and it stays.
export function replace(id, page) {
  const shown = document.getElementById(id), fresh = page.getElementById(id);
  if (!shown || !fresh) return true;
  remember(shown.parentElement);
  if (rendered.get(shown) === essence(fresh)) return true;
  const isFocused = shown.contains(document.activeElement);
  if (isOccupied(shown) || (isFocused && !heirOf(shown, fresh))) return false;
  const copy = adopt(fresh);
  keepFoldsOpen(shown, copy);
  if (isFocused) handOver(shown, copy);
  else shown.replaceWith(copy);
  window.htmx?.process(copy);
  copy.dispatchEvent(new CustomEvent("fragment:merged", { bubbles: true }));
  return true;
}

// Brings a shown element up to date from a newly rendered one, child by child, by id. What did not change is not touched: focus,
// selection, open folds, frames and the place under the pointer survive.
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
  const open = [...old.querySelectorAll("details")].map((fold) => fold.open);
  fresh.querySelectorAll("details").forEach((fold, index) => { if (open[index]) fold.open = true; });
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

// The focus stays on the same control of the newer rendering.
function handOver(old, fresh) {
  const controls = (root) => [...root.querySelectorAll("a, button, summary, input, textarea, select")];
  const place = controls(old).indexOf(document.activeElement);
  old.replaceWith(fresh);
  (controls(fresh)[place] ?? fresh).focus({ preventScroll: true });
}

// Replace a small part whole, unless somebody is inside it.
export function replace(id, page) {
  const shown = document.getElementById(id), fresh = page.getElementById(id);
  if (!shown || !fresh) return;
  remember(shown.parentElement);
  if (rendered.get(shown) === essence(fresh)) return;
  if (shown.contains(document.activeElement) || shown.querySelector("details[open]")) return;
  const copy = adopt(fresh);
  shown.replaceWith(copy);
  window.htmx?.process(copy);
  copy.dispatchEvent(new CustomEvent("fragment:merged", { bubbles: true }));
}

// Opens a thread in place: marks its row, sets the title, moves focus and keys. Until it is there the thread shown before is inert, so that
// nothing is written to the wrong person.
export function followOpening() {
  let asker = null; // where the keys were when another composer was asked for
  let coming = null; // the id of the row whose thread is on its way
  const markShown = () => {
    const open = document.querySelector("#thread-pane [data-thread-id]")?.dataset.threadId, id = coming ?? (open && `row-${open}`);
    const row = id && document.getElementById(id)?.querySelector("a[data-row]");
    if (row) mark(row); // what is shown is what is marked
  };
  document.addEventListener("list-refreshed", markShown); // it was asked for before the other thread was
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "composer") asker = document.activeElement;
    const row = event.target.closest?.("a[data-row]");
    if (!row) return;
    mark(row);
    coming = row.closest("li")?.id ?? null;
    event.detail.target.inert = true;
  });
  document.addEventListener("click", (event) => { // pressed again while it is on its way: once is enough
    if (event.ctrlKey || event.metaKey || event.shiftKey || !event.target.closest?.("a[data-row].htmx-request")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.target?.id !== "thread-pane") return;
    coming = null;
    if (detail.successful) return;
    detail.target.inert = false;
    markShown();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const id = event.detail.target?.id;
    if (id === "thread-pane") { markShown(); opened(); }
    if (id === "composer" && !wentOnFrom(asker)) firstField()?.focus({ preventScroll: true });
  });
}

const firstField = () => document.querySelector("#composer :is([autofocus]:not([type=hidden]), [data-focus])") ?? document.querySelector("#composer textarea");

// Whoever went on to a row, a field or a menu meanwhile keeps the keys: an answer that comes late takes them back for nobody. Where
// the focus was put because what had it was drawn anew (focus.js), nobody went on.
const GONE_TO = "a[data-row], input, textarea, select, [contenteditable], details.menu[open], dialog[open]";
function wentOnFrom(asker) {
  const at = document.activeElement, row = asker?.closest("li[id]")?.id;
  if (!at?.closest(GONE_TO) || at === asker || document.getElementById("composer")?.contains(at)) return false;
  return !row || row !== at.closest("li[id]")?.id;
}

function mark(row) {
  document.querySelectorAll("a[data-row][aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  row.setAttribute("aria-current", "true");
  row.classList.remove("thread-row--unread");
}

function opened() {
  const heading = document.querySelector("#thread-pane h1");
  if (!heading) return;
  document.title = `${heading.textContent.trim()} · Switchyard`;
  if (matchMedia("(max-width: 720px)").matches) heading.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("thread-opened"));
}

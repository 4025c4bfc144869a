// Advances to the next thread, or to the list, when a thread was closed, snoozed or marked as spam. From the press of such a button on, the
// pane takes no keys: what is pressed meanwhile is for the thread that comes (keyboard.js). The row is looked for by what stood around the
// open one when it was last in the list: that one has left it by then, and others may have too.
let around = { after: [], before: [] }; // ids of rows, the nearest first
const pane = () => document.getElementById("thread-pane");
const openThread = () => document.querySelector("#thread-pane [data-thread-id]")?.dataset.threadId;
const rows = () => [...document.querySelectorAll("#thread-list a[data-row]")];

export function goOnAfterClosing() {
  document.addEventListener("thread-opened", notePlace);
  document.addEventListener("list-refreshed", notePlace);
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (closes(detail) && canGoOn()) pane().inert = true;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (closes(detail) && !isClosing(detail.xhr)) stay();
  });
  document.addEventListener("thread-closed-here", ({ detail }) => {
    if (detail.thread_id !== openThread()) return; // they went on already
    const next = canGoOn() && nextRow();
    if (!next) return stay();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    next.click();
  });
}

const closes = ({ requestConfig }) => Boolean(requestConfig?.triggeringEvent?.submitter?.matches("[data-closes]"));
const isClosing = (xhr) => xhr.status < 400 && (xhr.getResponseHeader("HX-Trigger") ?? "").includes("thread-closed-here");
const canGoOn = () => Boolean(pane()) && matchMedia("(min-width: 721px)").matches;

function stay() {
  if (document.body.dataset.afterClosing === "list" && !canGoOn()) return document.querySelector('[data-key="u"]')?.click();
  if (!pane()?.inert) return;
  pane().inert = false;
  document.dispatchEvent(new CustomEvent("thread-opened")); // a key that waited is for this thread after all
}

const idOf = (row) => row.closest("li").id;

function notePlace() {
  const all = rows(), at = all.findIndex((row) => row.getAttribute("aria-current") === "true"), ids = all.map(idOf);
  if (at >= 0) around = { after: ids.slice(at + 1), before: ids.slice(0, at).reverse() };
}

// Where the open thread is in the list, or would be: in front of what stood behind it.
export function placeOfOpen() {
  const ids = rows().map(idOf), behind = around.after.find((id) => ids.includes(id)), ahead = around.before.find((id) => ids.includes(id));
  if (behind) return ids.indexOf(behind);
  return ahead ? ids.indexOf(ahead) + 1 : 0;
}

function nextRow() {
  if (document.body.dataset.afterClosing === "list") return document.querySelector('#thread-pane a[data-key="u"]');
  notePlace();
  const left = new Map(rows().map((row) => [idOf(row), row]));
  left.delete(`row-${openThread()}`);
  const opens = (row) => row?.matches("[hx-get]:not(.thread-row--closed)");
  return [...around.after, ...around.before].map((id) => left.get(id)).find(opens) ?? [...left.values()].find(opens);
}

// A thread that was closed, snoozed or marked as spam makes room: the next one opens, or the list, as its reader chose. From the press
// of such a button on, the pane takes no keys: what is pressed meanwhile is for the thread that comes (keyboard.js). The row is looked
// for before the list is asked for again, since the closed thread leaves it then.
let place = 0; // of the open thread in the list, for when its row has left it
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

function notePlace() {
  const at = rows().findIndex((row) => row.getAttribute("aria-current") === "true");
  if (at >= 0) place = at;
}

// Where the open thread is in the list, or was.
export const placeOfOpen = () => Math.min(place, rows().length - 1);

function nextRow() {
  if (document.body.dataset.afterClosing === "list") return document.querySelector('#thread-pane a[data-key="u"]');
  const all = rows(), at = all.findIndex((row) => row.getAttribute("aria-current") === "true");
  const opens = (row) => row.matches("[hx-get]:not(.thread-row--closed)");
  if (at < 0) return all.slice(placeOfOpen()).find(opens) ?? all.findLast(opens);
  return all.slice(at + 1).find(opens) ?? all.slice(0, at).findLast(opens);
}

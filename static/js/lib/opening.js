// A thread opens in place: its row is marked at once, the page gets its title, and the eye and the keys follow. Until it is there
// the thread shown before is inert, so that nothing is written to the wrong person.
export function followOpening() {
  document.addEventListener("htmx:beforeRequest", (event) => {
    const row = event.target.closest?.("a[data-row]");
    if (!row) return;
    mark(row);
    event.detail.target.inert = true;
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.target?.id === "thread-pane" && !detail.successful) detail.target.inert = false;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const id = event.detail.target?.id;
    if (id === "thread-pane") opened();
    if (id === "composer" && !isElsewhere()) document.querySelector("#composer [data-focus], #composer textarea")?.focus({ preventScroll: true });
  });
}

// Whoever went on to a row or a field keeps the keys: an answer that comes late takes them back for nobody.
function isElsewhere() {
  const at = document.activeElement;
  return at && at !== document.body && !document.getElementById("composer")?.contains(at);
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

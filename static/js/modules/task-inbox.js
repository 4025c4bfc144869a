// Tasks in the list of the inbox: completing one hands the focus to the one that follows, so that it is never lost with its row.
export default function bindTaskInbox(list) {
  list.addEventListener("submit", (event) => {
    const row = event.target.closest("li");
    if (!row || !event.target.matches(".task-done") || !row.contains(document.activeElement)) return;
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("a[data-row]");
    (next ?? list.querySelector("[data-scroll]"))?.focus({ preventScroll: !next });
  });
}

// Completes tasks in the inbox list and moves the focus to the next row. Among threads the button stands in the form of the list, which is
// not sent.
export default function bindTaskInbox(list) {
  const handOn = (pressed) => {
    const row = pressed?.closest("li");
    if (!row || !row.contains(document.activeElement)) return;
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("a[data-row]");
    (next ?? list.querySelector("[data-scroll]"))?.focus({ preventScroll: !next });
  };
  list.addEventListener("submit", (event) => handOn(event.target.closest("form.task-done")));
  list.addEventListener("click", (event) => handOn(event.target.closest("span.task-done > button")));
}

// Completes or reopens a task of the list with E, and focuses the next.
export default function bindTaskList(list) {
  list.addEventListener("keydown", (event) => {
    if (event.key !== "e" || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys !== "on") return;
    const task = event.target.closest("[data-task]");
    if (!task) return;
    event.preventDefault();
    const links = [...list.querySelectorAll("[data-row]")];
    const place = links.indexOf(task.querySelector("[data-row]"));
    (links[place + 1] ?? links[place - 1])?.focus();
    task.querySelector("[data-complete]").click();
  });
}

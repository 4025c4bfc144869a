// On a task of the list: E completes it, or opens it again; after that the one that follows has the focus.
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

// Handles pushes about tasks: refreshes the parts that show tasks, shows a reminder as a toast.
const LATER = 300; // one question for a burst of changes
let waiting = 0;

export function heardOfTask({ kind, task_id: taskId }) {
  if (kind === "TaskReminded") window.htmx.ajax("GET", `/tasks/${taskId}/reminder`, { source: document.body, swap: "none" });
  clearTimeout(waiting);
  waiting = setTimeout(() => window.htmx.trigger(document.body, "tasks-changed"), LATER);
}

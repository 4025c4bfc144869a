// What a push about a task leads to: the parts of the page that show tasks ask for themselves again, a reminder becomes a toast.
const LATER = 300; // one question for a burst of changes
let waiting = 0;

export function heardOfTask({ kind, task_id: taskId }) {
  if (kind === "TaskReminded") window.htmx.ajax("GET", `/tasks/${taskId}/reminder`, { source: document.body, swap: "none" });
  clearTimeout(waiting);
  waiting = setTimeout(() => window.htmx.trigger(document.body, "tasks-changed"), LATER);
}

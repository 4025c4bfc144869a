// Resets a form after it was sent, and keeps the choice of a select. What was typed while the answer was under way stays.
export default function resetAfterSend(form) {
  let sent = [];
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === form) sent = [...form.querySelectorAll("input:not([type=hidden]), textarea")].map((field) => [field, field.value]);
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form || !event.detail.successful) return;
    for (const [field, value] of sent) if (field.value === value) field.value = "";
  });
}

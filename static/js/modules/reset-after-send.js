// Empties a form once what it sent was taken, and keeps the choice of a select.
export default function resetAfterSend(form) {
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form || !event.detail.successful) return;
    for (const field of form.querySelectorAll("input:not([type=hidden]), textarea")) field.value = "";
  });
}

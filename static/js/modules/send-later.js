// In the field of the send menu Enter means its own button, never the send button of the form.
export default function sendLater(menu) {
  menu.querySelector("input[name=send_at]")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    menu.querySelector("[data-picked]").click();
  });
}

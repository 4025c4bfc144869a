// Makes Enter in the send menu's time field press its own button, never the form's send button.
export default function sendLater(menu) {
  menu.querySelector("input[name=send_at]")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    menu.querySelector("[data-picked]").click();
  });
}

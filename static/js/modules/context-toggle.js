// Where there is no room for it, the contact's pane is a drawer that this button opens; Escape and a click elsewhere close it.
export default function bindContextToggle(button) {
  const panes = button.closest("[data-panes]");
  const set = (open) => {
    panes.classList.toggle("is-context-open", open);
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => set(!panes.classList.contains("is-context-open")));
  const away = (event) => {
    if (!button.isConnected) return document.removeEventListener("pointerdown", away);
    if (!button.contains(event.target) && !document.getElementById("context")?.contains(event.target)) set(false);
  };
  document.addEventListener("pointerdown", away);
  panes.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panes.classList.contains("is-context-open")) return;
    set(false);
    event.stopPropagation();
  });
}

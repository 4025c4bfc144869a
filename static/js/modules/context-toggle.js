// Where there is no room for it, the contact's pane is a drawer that this button opens; Escape and a click elsewhere close it.
export default function bindContextToggle(button) {
  const panes = button.closest("[data-panes]");
  const set = (open) => {
    panes.classList.toggle("is-context-open", open);
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => set(!panes.classList.contains("is-context-open")));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || event.shiftKey || !panes.classList.contains("is-context-open")) return;
    document.querySelector("#context :is(a[href], button, input)")?.focus(); // the drawer stands elsewhere in the page, but next to its button
    event.preventDefault();
  });
  const away = (event) => {
    if (!button.isConnected) return document.removeEventListener("pointerdown", away);
    if (!button.contains(event.target) && !document.getElementById("context")?.contains(event.target)) set(false);
  };
  document.addEventListener("pointerdown", away);
  panes.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !panes.classList.contains("is-context-open")) return;
    if (document.getElementById("context").contains(document.activeElement)) button.focus({ preventScroll: true });
    set(false);
    event.stopPropagation();
  });
}

// Opens the contact's pane as a drawer where there is no room for it.
export default function bindContextToggle(button) {
  const panes = button.closest("[data-panes]");
  const isOpen = () => panes.classList.contains("is-context-open");
  const set = (open) => {
    panes.classList.toggle("is-context-open", open);
    button.setAttribute("aria-expanded", String(open));
  };
  set(isOpen()); // the head may have been drawn anew while the drawer is open
  button.addEventListener("click", () => set(!isOpen()));
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || event.shiftKey || !isOpen()) return;
    document.querySelector("#context :is(a[href], button, input)")?.focus(); // the drawer stands elsewhere in the page, but next to its button
    event.preventDefault();
  });
  const away = (event) => {
    if (!button.isConnected) return document.removeEventListener("pointerdown", away);
    if (!button.contains(event.target) && !document.getElementById("context")?.contains(event.target)) set(false);
  };
  document.addEventListener("pointerdown", away);
  const escape = (event) => {
    if (!button.isConnected) return panes.removeEventListener("keydown", escape);
    if (event.key !== "Escape" || event.defaultPrevented || !isOpen()) return;
    if (document.getElementById("context").contains(document.activeElement)) button.focus({ preventScroll: true });
    set(false);
    event.stopPropagation();
  };
  panes.addEventListener("keydown", escape);
}

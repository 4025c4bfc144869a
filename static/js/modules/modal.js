// Opens a <dialog> that came as a fragment, and removes it when it closes.
export default function bindModal(dialog) {
  const before = document.activeElement;
  dialog.showModal();
  const field = dialog.querySelector("[data-field]");
  field?.focus();
  field?.select?.();
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    const back = before?.isConnected && before.checkVisibility() ? before : document.querySelector("#thread-pane h1");
    back?.focus({ preventScroll: true });
  });
  for (const done of ["thread-moved", "dialog-done"]) document.addEventListener(done, () => dialog.close(), { once: true });
}

// Opens a <dialog> that came as a fragment, and removes it when it closes.
export default function bindModal(dialog) {
  const before = document.activeElement, missed = new Set();
  dialog.showModal();
  const field = dialog.querySelector("[data-field]");
  field?.focus();
  field?.select?.();
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    for (const name of guarded) document.removeEventListener(name, around);
    for (const type of missed) document.body.dispatchEvent(new CustomEvent(type));
    const back = before?.isConnected && before.checkVisibility() ? before : document.querySelector("#thread-pane h1");
    back?.focus({ preventScroll: true });
  });
  const around = (event) => { // what stands around the dialog is fetched anew once it is closed, not under the hands of whoever fills it in
    const { elt, triggeringEvent: cause } = event.detail.requestConfig;
    if (!dialog.open || !cause?.type.endsWith("-changed") || !elt.contains(dialog)) return;
    event.detail.shouldSwap = false; // asked for before the dialog was there, answered after
    if (event.type === "htmx:beforeRequest") event.preventDefault();
    missed.add(cause.type);
  };
  const guarded = ["htmx:beforeRequest", "htmx:beforeSwap"];
  for (const name of guarded) document.addEventListener(name, around);
  for (const done of ["thread-moved", "dialog-done"]) document.addEventListener(done, () => dialog.close(), { once: true });
}

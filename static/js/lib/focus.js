// After a swap focus lands where the eye expects it: on the same control if it is still there (htmx does that by id),
// else on what the new part marks with data-focus, else on the part that was swapped.

function swapped(event) {
  const lost = document.activeElement === null || document.activeElement === document.body;
  if (!lost) return;
  const part = document.getElementById(event.detail.target?.id) ?? event.detail.elt;
  const next = part?.querySelector?.("[data-focus]") ?? part;
  if (!next || next === document.body) return;
  if (next.tabIndex < 0 && !next.hasAttribute("tabindex")) next.setAttribute("tabindex", "-1");
  next.focus({ preventScroll: true });
}

export function keepFocusOverSwaps() {
  let hadFocus = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    hadFocus = event.detail.target?.contains(document.activeElement) ?? false;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (hadFocus) swapped(event);
    hadFocus = false;
  });
}

// A <details> that behaves as a menu: closes on Escape, outside clicks and choosing; arrows walk through it.
export default function menu(element) {
  const items = () => [...element.querySelectorAll("[role=menuitem], .menu__item, button, a")].filter((item) => !item.closest("summary"));
  const summary = element.querySelector("summary");
  const close = (focus) => { element.open = false; if (focus) summary.focus(); };
  document.addEventListener("click", (event) => { if (element.open && !element.contains(event.target)) close(false); });
  element.addEventListener("toggle", () => { if (element.open) items()[0]?.focus(); });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && element.open) { close(true); event.stopPropagation(); return; }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !element.open) return;
    event.preventDefault();
    const all = items(), at = all.indexOf(document.activeElement);
    all[(at + step + all.length) % all.length]?.focus();
  });
  element.addEventListener("submit", () => close(true));
}

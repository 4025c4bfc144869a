// Filters the items of a menu by name, also those that load later; Enter opens the first that is left. Without this all are there.
const PARTS = ":is(.menu__title:not([data-none]), .menu__item, .menu__separator)";

export default function menuFilter(panel) {
  const field = panel.querySelector(".menu__filter"), menu = panel.closest("details"), none = panel.querySelector("[data-none]");
  const narrow = () => {
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let title = null, left = 0;
    for (const part of panel.querySelectorAll(PARTS)) {
      const isItem = part.matches(".menu__item");
      part.hidden = words.length > 0 && !(isItem && words.every((word) => part.textContent.toLocaleLowerCase().includes(word)));
      if (!isItem) title = part.matches(".menu__title") ? part : null;
      else if (!part.hidden) left += 1;
      if (isItem && !part.hidden && title) title.hidden = false;
    }
    none.textContent = left ? "" : none.dataset.words;
  };
  field.hidden = false;
  field.addEventListener("input", narrow);
  panel.addEventListener("htmx:afterSettle", narrow);
  menu.addEventListener("toggle", () => { if (!menu.open) { field.value = ""; narrow(); } });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (field.value.trim()) panel.querySelector(".menu__item:not([hidden])")?.click();
  });
}

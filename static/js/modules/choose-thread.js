// Finds and chooses a thread in a combobox (merge). Enter on words whose answer is not here yet takes nothing unless the answer is one
// thread.
export default function bindChooser(dialog) {
  const field = dialog.querySelector("[data-field]"), note = dialog.querySelector("[data-note-place]");
  const list = () => dialog.querySelector("[data-sought]");
  const options = () => [...dialog.querySelectorAll("[role=option]")];
  let active = null, entered = false;

  const choose = (option) => {
    active?.classList.remove("is-active");
    active?.setAttribute("aria-selected", "false");
    active = option ?? null;
    active?.classList.add("is-active");
    active?.setAttribute("aria-selected", "true");
    active?.scrollIntoView({ block: "nearest" });
    if (active) field.setAttribute("aria-activedescendant", active.id);
    else field.removeAttribute("aria-activedescendant");
    note.textContent = active?.dataset.note ?? "";
    note.classList.toggle("move-note--warn", Boolean(active && "warn" in active.dataset));
  };
  const step = (by) => {
    const all = options(), next = all.indexOf(active) + by;
    if (all.length) choose(all.at(next >= all.length ? 0 : Math.max(next, -1)));
  };
  const found = () => {
    for (const option of options()) option.tabIndex = -1;
    choose(options()[0]);
    if (entered && options().length === 1) active.click();
    entered = false;
  };

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "true");
  field.setAttribute("aria-controls", "merge-list");
  dialog.addEventListener("htmx:afterSettle", found);
  dialog.addEventListener("pointerover", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== active) choose(option);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key !== "Enter") return;
    else if (list().dataset.sought !== field.value.trim()) entered = true;
    else active?.click();
    event.preventDefault();
  });
  found();
}

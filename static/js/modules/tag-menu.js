// Turns the tag menu into a combobox: typing narrows the options, Enter takes or makes a tag. Without this the field and its button add
// what was typed.
export default function bindTagMenu(menu) {
  const field = menu.querySelector("input:not([type=hidden])");
  const options = () => [...menu.querySelectorAll("[role=option]")];
  let active = null;

  const choose = (option) => {
    active?.classList.remove("is-active");
    active = option ?? null;
    active?.classList.add("is-active");
    active?.scrollIntoView({ block: "nearest" });
    if (active) field.setAttribute("aria-activedescendant", active.id);
    else field.removeAttribute("aria-activedescendant");
  };

  const narrow = () => {
    const typed = field.value.trim().toLowerCase().replace(/^#/, "");
    const create = menu.querySelector("[data-create]");
    for (const option of options()) if (option !== create) option.hidden = !option.dataset.tag.includes(typed);
    if (create) {
      create.hidden = !typed || options().some((option) => option.dataset.tag === typed);
      create.value = field.value.trim();
      create.querySelector("span").textContent = create.dataset.create.replace("{tag}", create.value);
    }
    const shown = options().filter((option) => !option.hidden), list = menu.querySelector(".tag-options");
    list?.setAttribute("role", shown.length ? "listbox" : "group"); // a list of choices has some
    field.setAttribute("aria-controls", list?.id ?? "");
    const begins = shown.find((option) => option.dataset.tag?.startsWith(typed));
    choose(typed ? begins ?? shown.at(0) : null);
  };

  const step = (by) => {
    const shown = options().filter((option) => !option.hidden);
    const next = shown.indexOf(active) + by;
    if (shown.length) choose(shown.at(next >= shown.length ? 0 : Math.max(next, -1)));
  };

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "true");
  menu.querySelector("[data-add]")?.setAttribute("hidden", "");
  field.addEventListener("input", narrow);
  menu.addEventListener("htmx:afterSettle", narrow);
  menu.addEventListener("toggle", () => { if (menu.open) field.focus(); else { field.value = ""; narrow(); } });
  menu.addEventListener("click", (event) => {
    if (!event.target.closest("[role=option]")) return;
    field.disabled = true; // the option says it all: what was typed is not sent beside it
    setTimeout(() => { field.disabled = false; });
  });
  // Opened by a quick key before anybody listened: say it again, so that the options come.
  if (menu.open && !options().length) menu.dispatchEvent(new Event("toggle"));
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && active) active.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

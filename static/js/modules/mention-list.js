// Opens the list of people to mention on "@" in a note.
const BEGUN = /(?:^|[\s(>])@([^\n@]{0,40})$/;

export default function mentionList(list) {
  const field = list.closest("#composer")?.querySelector("textarea[name=text]");
  if (!field) return;
  const options = [...list.querySelectorAll("[role=option]")];
  let chosen = null;
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");

  const begun = () => BEGUN.exec(field.value.slice(0, field.selectionEnd))?.[1] ?? null;
  const visible = () => options.filter((option) => !option.hidden);

  function look() {
    const words = begun()?.toLocaleLowerCase() ?? null;
    for (const option of options) option.hidden = words === null || !fits(option.dataset.name.toLocaleLowerCase(), words);
    const found = visible();
    list.hidden = !found.length || document.activeElement !== field;
    choose(list.hidden ? null : found.includes(chosen) ? chosen : found[0]);
  }

  function choose(option) {
    chosen = option;
    for (const each of options) each.setAttribute("aria-selected", String(each === option));
    if (option) { field.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
    else field.removeAttribute("aria-activedescendant");
  }

  function close() { list.hidden = true; choose(null); }

  function insert(option) {
    const end = field.selectionEnd, start = end - begun().length;
    field.setRangeText(`${option.dataset.name} `, start, end, "end");
    close();
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function step(by) {
    const found = visible();
    choose(found.at((found.indexOf(chosen) + by) % found.length));
  }

  field.addEventListener("input", look);
  field.addEventListener("click", look);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "ArrowDown") step(1);
    else if (event.key === "ArrowUp") step(-1);
    else if (event.key === "Enter" || event.key === "Tab") insert(chosen);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the field keeps the focus
    const option = event.target.closest("[role=option]");
    if (option) insert(option);
  });
}

// A full name that was typed out, with a space after it, is done.
const fits = (name, words) => (name.startsWith(words) || name.split(" ").some((part) => part.startsWith(words))) && !words.endsWith("  ");

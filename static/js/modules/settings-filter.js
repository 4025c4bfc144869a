// Filters the pages of the settings by name; Enter opens the first that is left.
export default function settingsFilter(field) {
  const nav = field.closest("nav"), links = [...nav.querySelectorAll("li[data-words]")];
  field.hidden = false;
  field.addEventListener("input", () => {
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    for (const link of links) link.hidden = !words.every((word) => link.dataset.words.toLocaleLowerCase().includes(word));
    for (const group of nav.querySelectorAll(".settings__links")) group.hidden = !group.querySelector("li:not([hidden])");
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") nav.querySelector("li[data-words]:not([hidden]) a")?.click();
  });
}

// Reads the texts of the technicians' pages in the reader's language from the page.
let known = null;

export function word(name, blanks = {}) {
  known ??= JSON.parse(document.getElementById("field-words").textContent);
  return Object.entries(blanks).reduce((text, [blank, value]) => text.replace(blank, value), known[name] ?? name);
}

export function wordOf(table, name) {
  word("you");
  return known[table]?.[name] ?? name;
}

const page = document.documentElement;
export const clock = (time) => new Date(time).toLocaleTimeString("nl", { hour: "2-digit", minute: "2-digit", timeZone: page.dataset.zone });
export const userId = () => page.dataset.user;

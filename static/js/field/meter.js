// Asks about a meter that would show less after the work than before it: read wrongly, or changed. It is kept if they say so. What waits on
// this phone counts before the office has it.
import { list, mine } from "./outbox.js";
import { word } from "./words.js";

const number = (text) => Number(text?.replaceAll(" ", "").replace(",", ".") ?? NaN);

export async function isMeant(form) {
  if (form.elements.kind.value !== "meter") return true;
  const known = { ...document.querySelector("[data-meters]").dataset };
  for (const { visit_id, kind, body, state } of mine(await list())) {
    if (visit_id === form.dataset.visit && kind === "meter" && state !== "refused") known[body.when] = body.value;
  }
  known[form.elements.when.value] = form.elements.value.value;
  if (!(number(known.after) < number(known.before))) return true;
  return window.confirm(word("backwards", { BEFORE: known.before }));
}

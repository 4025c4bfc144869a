// Suggests operators and their values in a search field while one types. Without this it is a plain field.
import { asker, combobox } from "../lib/combobox.js";
import { elementsOf } from "../lib/http.js";

const PAUSE = 120;

export default function bindSearchSuggestions(form) {
  const field = form.querySelector("input[type=search]"), list = form.querySelector("[role=listbox]");
  const box = combobox(field, list), server = asker(list.dataset.url), operators = list.dataset.operators.split(" ");
  let waiting = 0;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  show(false);

  function show(shown) {
    list.hidden = !shown;
    if (shown) place();
    field.setAttribute("aria-expanded", String(shown));
    if (!shown) box.choose(null);
  }

  // Fixed, because the rail would cut it off.
  function place() {
    const under = form.getBoundingClientRect();
    list.style.top = `${under.bottom + 4}px`;
    list.style.left = `${Math.max(8, Math.min(under.left, innerWidth - list.offsetWidth - 8))}px`;
  }

  const typed = () => field.value.slice(0, field.selectionEnd);

  // Only what may become an operator, or is one, is worth a question; where somebody saved searches, the beginning of one is, too.
  function isWorthIt() {
    if (list.dataset.saved !== undefined && /^\s*[^\s":][^":]{1,40}$/.test(typed())) return true;
    const last = /(?:^|\s)-?([A-Za-z]+)(:(?:"[^"]*|[^\s"]*))?$/.exec(typed());
    if (!last) return false;
    const name = last[1].toLowerCase();
    return last[2] ? operators.includes(name) : operators.some((operator) => operator.startsWith(name));
  }

  async function ask() {
    const answer = await server.ask(typed());
    if (answer === null || document.activeElement !== field) return;
    list.replaceChildren(...elementsOf(answer));
    show(box.renew(false) > 0);
  }

  function take(option) {
    const end = field.selectionEnd;
    field.setRangeText(option.dataset.insert, end - Number(option.dataset.replaces), end, "end");
    show(false);
    field.focus();
    if (option.dataset.insert.endsWith(":")) ask();
  }

  function typedOn() {
    clearTimeout(waiting);
    if (isWorthIt()) waiting = setTimeout(ask, PAUSE);
    else { server.drop(); show(false); }
  }

  field.addEventListener("input", typedOn);
  if (document.activeElement === field) typedOn(); // somebody typed before this ran
  field.addEventListener("blur", () => show(false));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" && list.hidden) ask();
    else if (list.hidden) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") box.step(event.key === "ArrowDown" ? 1 : -1);
    else if ((event.key === "Enter" || event.key === "Tab") && box.active()) take(box.active());
    else if (event.key === "Escape") show(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the field keeps the focus
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

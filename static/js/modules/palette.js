// Opens the command palette: Ctrl or Cmd with K. What the page can do comes from the elements that bear data-key (or data-command, which is
// then the name); where one can go is asked from the server.
import { asker, combobox } from "../lib/combobox.js";
import { elementsOf } from "../lib/http.js";
import { use } from "../lib/keyboard.js";

const PAUSE = 120;

export default function bindPalette(dialog) {
  const field = dialog.querySelector("[role=combobox]"), list = dialog.querySelector("[role=listbox]");
  const box = combobox(field, list), server = asker(dialog.dataset.url);
  let waiting = 0, actions = [], places = "";

  function open() {
    if (document.querySelector("dialog[open]")) return;
    field.value = "";
    actions = actionsOf(document);
    dialog.showModal();
    field.focus();
    render();
    ask();
  }

  async function ask() {
    const answer = await server.ask(field.value);
    if (answer === null) return;
    places = answer;
    render();
  }

  function render() {
    list.replaceChildren(...elementsOf(places));
    const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const fitting = actions.filter((action) => words.every((word) => action.name.toLocaleLowerCase().includes(word)));
    if (fitting.length) list.prepend(group(dialog.dataset.actions, fitting));
    for (const place of list.querySelectorAll("a[role=option]")) if (fitting.some((action) => isSame(action, place))) leaveOut(place);
    const count = box.renew(true);
    dialog.querySelector("[data-empty]").hidden = count > 0;
    dialog.querySelector("[data-said]").textContent = count === 1 ? dialog.dataset.one : count ? dialog.dataset.some.replace("{n}", count) : dialog.dataset.none;
  }

  function take(option) {
    const element = option.element;
    dialog.close(); // the focus goes back to where it was
    if (element) use(element);
    else option.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette]")) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option?.element) take(option);
    else if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  field.addEventListener("input", () => { render(); clearTimeout(waiting); waiting = setTimeout(ask, PAUSE); });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") box.step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter" && box.active()) take(box.active());
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

// The page's own link says its key, too.
const isSame = ({ element, name }, place) => element.href === place.href && name === place.querySelector(".palette__label").textContent;

function leaveOut(place) {
  const part = place.parentElement;
  place.remove();
  if (!part.querySelector("[role=option]")) part.remove();
}

// One action per key: the element in sight, or one in a closed menu that is. What is nowhere in sight cannot be done here.
function actionsOf(page) {
  const found = new Map();
  for (const element of page.querySelectorAll("[data-key], [data-command]")) {
    const name = nameOf(element), key = element.dataset.key ?? name;
    if (name && !element.disabled && !found.has(key) && isReachable(element)) found.set(key, { element, name, key: element.dataset.key });
  }
  const all = [...found.values()], ofThread = ({ element }) => Boolean(element.closest("#thread-pane"));
  return [...all.filter(ofThread), ...all.filter((action) => !ofThread(action))]; // what is done to the thread comes first
}

// `data-within` says around what an element can be used that shows itself only at times.
const isReachable = (element) => element.checkVisibility() || [element.dataset.within, "details:not([open])"].some((around) => around && element.closest(around)?.checkVisibility());

function nameOf(element) {
  if (element.dataset.command) return element.dataset.command;
  const copy = element.cloneNode(true);
  copy.querySelectorAll("kbd, svg, [aria-hidden=true]").forEach((part) => part.remove());
  const label = element.labels?.[0]?.textContent;
  return (element.getAttribute("aria-label") ?? label ?? copy.textContent).replace(/\s+/g, " ").trim();
}

function group(title, actions) {
  const box = document.createElement("div"), heading = document.createElement("div");
  box.setAttribute("role", "group");
  box.setAttribute("aria-labelledby", "palette-actions");
  heading.id = "palette-actions";
  heading.className = "menu__title";
  heading.setAttribute("role", "presentation");
  heading.textContent = title;
  box.append(heading, ...actions.map(line));
  return box;
}

function line(action) {
  const option = document.createElement("div"), label = document.createElement("span");
  option.className = "palette__choice";
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  option.element = action.element;
  label.className = "palette__label";
  label.textContent = action.name;
  option.append(label);
  if (action.key && document.body.dataset.keys === "on") {
    const key = document.createElement("kbd");
    key.className = "kbd kbd--soft";
    key.setAttribute("aria-hidden", "true");
    key.textContent = action.key.toUpperCase();
    option.append(key);
  }
  return option;
}

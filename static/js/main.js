// Binds behaviours to what the server rendered. `data-module="menu"` gives the element to menu.js; each module can be deleted
// and the page still works.
import composer from "./composer.js";
import keysSheet from "./keys-sheet.js";
import menu from "./menu.js";
import threadList from "./thread-list.js";
import timeline from "./timeline.js";
import toast from "./toast.js";
import { startKeyboard } from "./keyboard.js";
import { startLive } from "./live.js";

const modules = { composer, "keys-sheet": keysSheet, menu, "thread-list": threadList, timeline, toast };
const bound = new WeakMap();

export function bind(root) {
  const found = root.querySelectorAll ? [...root.querySelectorAll("[data-module]")] : [];
  if (root.matches?.("[data-module]")) found.unshift(root);
  for (const element of found) {
    if (bound.has(element)) continue;
    bound.set(element, true);
    for (const name of element.dataset.module.split(" ")) modules[name]?.(element);
  }
}

document.addEventListener("htmx:load", (event) => bind(event.detail.elt));
document.addEventListener("fragment:merged", (event) => bind(event.target));
bind(document.body);
startKeyboard();
startLive();

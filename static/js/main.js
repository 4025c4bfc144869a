// Binds every element with data-module="name other" to modules/name.js, now and after each swap.
// A module exports a default function that takes the element; without it the page still works.
import { goOnAfterClosing } from "./lib/advance.js";
import { listenForAnnouncements } from "./lib/announce.js";
import { keepDeadlinesTrue } from "./lib/deadlines.js";
import { keepDevice } from "./lib/device.js";
import { keepFocus } from "./lib/focus.js";
import { nameKeys, startKeyboard } from "./lib/keyboard.js";
import { hearLateAnswers } from "./lib/late.js";
import { startLive } from "./lib/live.js";
import { followMoves } from "./lib/moves.js";
import { followOpening } from "./lib/opening.js";
import { listenForToasts } from "./lib/toasts.js";
import { sayWhatIsSilent } from "./lib/silence.js";
import { keepTimesFresh } from "./lib/times.js";

const bound = new WeakMap(), loaded = new Map();

export function bind(root) {
  nameKeys(root);
  const elements = root.querySelectorAll("[data-module]");
  for (const element of root.matches?.("[data-module]") ? [root, ...elements] : elements) {
    for (const name of element.dataset.module.split(/\s+/).filter(Boolean)) start(element, name);
  }
}

async function start(element, name) {
  const names = bound.get(element) ?? new Set();
  if (names.has(name)) return;
  bound.set(element, names.add(name));
  // What is here already binds at once: a key pressed right after a swap is heard.
  const module = loaded.get(name) ?? await import(`./modules/${name}.js`);
  loaded.set(name, module);
  if (element.isConnected) module.default(element);
}

document.addEventListener("htmx:load", (event) => bind(event.detail.elt));
document.addEventListener("fragment:merged", (event) => bind(event.target));
listenForAnnouncements();
listenForToasts(bind);
hearLateAnswers();
keepFocus();
keepTimesFresh();
keepDeadlinesTrue();
bind(document.body);
followOpening();
followMoves();
goOnAfterClosing();
sayWhatIsSilent();
startKeyboard();
startLive();
keepDevice();

// Refreshes what is shown in place. Never touches the composer.
import { readPage } from "./http.js";
import { holdsWork, isOccupied, replace } from "./merge.js";
import { shownRows, updateList } from "../modules/thread-list.js";
import { updateTimeline } from "../modules/timeline.js";

const SHORTEST_PAUSE = 60, LONGEST_PAUSE = 1_000; // between two refreshes of a burst: twice as long as the one before took; the first one starts at once
const NOTHING = { thread: false, own: false, missed: false };
const PAGES = 5; // of the list that are asked for again after something was missed
const LONGEST_PRESS = 3_000; // one that ends outside the window is not heard of
let running = false, again = false, wanted = NOTHING;

// `thread`: the open thread changed too; without it only the list and the counts are asked for. `own`: the reader caused it.
// `missed`: nobody knows what changed, so every row that is shown is asked for again, also those of further pages.
export async function refresh({ thread = true, own = false, missed = false } = {}) {
  wanted = { thread: wanted.thread || thread, own: wanted.own || own, missed: wanted.missed || missed };
  if (document.hidden) { document.body.dataset.stale = "on"; return; }
  if (running) { again = true; return; }
  running = true;
  try {
    do {
      again = false;
      const now = wanted, began = performance.now();
      wanted = NOTHING;
      await refreshOnce(now);
      const pause = Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, 2 * (performance.now() - began)));
      if (again) await new Promise((done) => setTimeout(done, pause));
    } while (again);
  } finally {
    running = false;
  }
}

async function refreshOnce({ thread, own, missed }) {
  if (!document.querySelector("#thread-list, #timeline")) return;
  const url = addressOf(thread), page = await readPage(url);
  await released();
  if (!page) { document.body.dataset.stale = "on"; return; } // the next catch-up asks again, even if nothing more happens
  if (missed) await readOn(page);
  if (url !== addressOf(thread)) return void refresh({ thread, own, missed }); // they went elsewhere meanwhile: this is not what they look at
  updateList(page, own);
  replace("rail-views", page);
  document.dispatchEvent(new CustomEvent("list-refreshed"));
  if (thread) {
    for (const id of ["thread-head", "context", "answering"]) if (!replace(id, page)) whenLeft(document.getElementById(id), isOccupied, refresh);
    updateTimeline(page);
  }
  document.body.dataset.stale = "off";
}

// What is replaced between the press and the release of a button never hears the click.
let pressed = false, waiting = [];
function letGo() {
  pressed = false;
  setTimeout(() => { for (const goOn of waiting.splice(0)) goOn(); }); // later: the click comes first
}
document.addEventListener("pointerdown", () => { pressed = true; }, true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, letGo, true);

function released() {
  return pressed && new Promise((done) => { waiting.push(done); setTimeout(done, LONGEST_PRESS); });
}

// Somebody is in a menu or a field of this part: it is brought up to date as soon as they leave it, or have their answer.
const LEAVING = ["toggle", "focusout", "close", "htmx:afterRequest"];
const occupied = new WeakSet();
function whenLeft(part, isUsed, bringUpToDate) {
  if (occupied.has(part)) return;
  occupied.add(part);
  const left = () => setTimeout(() => {
    if (!part.isConnected || isUsed(part)) return;
    for (const event of LEAVING) part.removeEventListener(event, left, true);
    occupied.delete(part);
    bringUpToDate();
  });
  for (const event of LEAVING) part.addEventListener(event, left, true);
}

// So it is with a part that fetches itself anew when something changed. The answer may come when somebody has begun in it.
for (const name of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(name, (event) => {
    const { target: part, requestConfig: { verb, triggeringEvent: cause } } = event.detail;
    if (verb !== "get" || !cause?.type.endsWith("-changed") || !holdsWork(part)) return;
    event.detail.shouldSwap = false;
    if (name === "htmx:beforeRequest") event.preventDefault();
    whenLeft(part, holdsWork, () => window.htmx.trigger(document.body, cause.type));
  });
}

// Adds the rows of the list's further pages to its first one, as far as rows are shown.
async function readOn(page) {
  const rows = page.querySelector("#thread-list [data-rows]");
  for (let pages = 0; rows && pages < PAGES && rows.children.length < shownRows(); pages += 1) {
    const link = page.querySelector("#list-more a"), further = link && (await readPage(link.getAttribute("href")));
    if (!further) return;
    rows.append(...(further.querySelector("#thread-list [data-rows]")?.children ?? []));
    const next = further.getElementById("list-more");
    if (next) link.parentElement.replaceWith(next);
    else link.parentElement.remove();
  }
}

function addressOf(thread) {
  return thread ? document.querySelector("[data-conversation]")?.dataset.conversation ?? location.href : document.getElementById("thread-list")?.dataset.url || location.href;
}

// Asks again for what is shown and brings it up to date in place. Never touches the composer.
import { readPage } from "./http.js";
import { replace } from "./merge.js";
import { updateList } from "../modules/thread-list.js";
import { updateTimeline } from "../modules/timeline.js";

const PAUSE = 250; // between two refreshes of a burst; the first one starts at once
let running = false, again = false, wanted = { thread: false, own: false };

// `thread`: the open thread changed too; without it only the list and the counts are asked for. `own`: the reader caused it.
export async function refresh({ thread = true, own = false } = {}) {
  wanted = { thread: wanted.thread || thread, own: wanted.own || own };
  if (document.hidden) { document.body.dataset.stale = "on"; return; }
  if (running) { again = true; return; }
  running = true;
  try {
    do {
      again = false;
      const now = wanted;
      wanted = { thread: false, own: false };
      await refreshOnce(now);
      if (again) await new Promise((done) => setTimeout(done, PAUSE));
    } while (again);
  } finally {
    running = false;
  }
}

async function refreshOnce({ thread, own }) {
  if (!document.querySelector("#thread-list, #timeline")) return;
  const url = addressOf(thread), page = await readPage(url);
  if (!page) return;
  if (url !== addressOf(thread)) return void refresh({ thread, own }); // they went elsewhere meanwhile: this is not what they look at
  updateList(page, own);
  replace("rail-views", page);
  document.dispatchEvent(new CustomEvent("list-refreshed"));
  if (thread) {
    replace("thread-head", page);
    replace("context", page);
    replace("answering", page);
    updateTimeline(page);
  }
  document.body.dataset.stale = "off";
}

function addressOf(thread) {
  return thread ? location.href : document.getElementById("thread-list")?.dataset.url || location.href;
}

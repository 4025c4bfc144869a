// Loads the counts of saved views after the page, and again after changes. They come after the page, which does not wait for them, and
// again after changes, at most once in PAUSE.
const PAUSE = 3000;
let known = {}, asked = 0, timer = null;

export default function viewCounts(list) {
  const again = () => (list.isConnected ? ask(list) : document.removeEventListener("list-refreshed", again));
  document.addEventListener("list-refreshed", again);
  show();
  ask(list);
}

function ask(list) {
  if (timer) return;
  timer = setTimeout(async () => {
    timer = null;
    asked = Date.now();
    const answer = await fetch(list.dataset.url, { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (answer?.ok && !answer.redirected) known = await answer.json();
    show();
  }, Math.max(0, asked + PAUSE - Date.now()));
}

function show() {
  for (const place of document.querySelectorAll("[data-view-count]")) place.textContent = known[place.dataset.viewCount] ?? "";
}

// Refreshes the list when a deadline's words ("due in 12 min") are no longer true. When they are not true any more, the list is asked for
// again.
import { refresh } from "./refresh.js";

const MINUTE = 60_000, TICK = 15_000;
const DEADLINES = "#thread-list time.thread-row__due";

// What the words say of a deadline: minutes below an hour; ahead of it the day, past it hours below two days, else days.
function stage(due, now) {
  const minutes = Math.floor(Math.abs(due - now) / MINUTE), side = due > now ? "in" : "late";
  if (minutes < 60) return `${side} ${minutes} min`;
  if (due > now) return `on ${new Date(now).toLocaleDateString("en", { timeZone: document.body.dataset.zone })}`;
  return minutes < 48 * 60 ? `${side} ${Math.floor(minutes / 60)} h` : `${side} ${Math.floor(minutes / 1440)} d`;
}

export function keepDeadlinesTrue() {
  let told = Date.now(); // when the list was last as the server says
  document.addEventListener("list-refreshed", () => { told = Date.now(); });
  setInterval(() => {
    const now = Date.now();
    const isOld = ({ dateTime }) => stage(Date.parse(dateTime), told) !== stage(Date.parse(dateTime), now);
    if (!document.hidden && [...document.querySelectorAll(DEADLINES)].some(isOld)) refresh();
  }, TICK);
}

// Keeps the list of threads up to date: follows the server at the top, counts new threads when scrolled down. At its top it follows the
// server; scrolled down, or with further pages shown, rows change in place and what is new is only counted, in a bar that takes it in.
// `data-at` of a row is its place in the order of the list.
import { announce } from "../lib/announce.js";
import { merge, remember } from "../lib/merge.js";

const rowsOf = (list) => list.querySelector("[data-rows]");

export default function threadList(element) {
  remember(rowsOf(element));
  element.addEventListener("click", (event) => {
    if (!event.target.closest("[data-fresh]")) return;
    const inside = element.querySelector("[data-rows]")?.parentElement.contains(document.activeElement);
    scroller(element).scrollTop = 0;
    if (element.pending) apply(element, element.pending);
    if (inside) element.querySelector("a[data-row]")?.focus({ preventScroll: true }); // the bar is gone
  });
  element.addEventListener("pointerleave", () => { if (element.leaving && element.pending) inPlace(element, element.pending, true); });
  element.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
}

// `own`: the reader caused it, so the list may move under the pointer.
export function updateList(page, own) {
  const shown = document.getElementById("thread-list"), next = page.getElementById("thread-list");
  if (!shown || !next || shown.dataset.url !== next.dataset.url) return;
  markCurrent(next, shown);
  if (scroller(shown).scrollTop < 8 && (own || !(pointing(shown) || shown.hasFurtherPages))) apply(shown, next);
  else inPlace(shown, next, own || !pointing(shown));
  const count = next.querySelector("[data-count]");
  if (count && !count.dataset.viewCount && shown.querySelector("[data-count]")) shown.querySelector("[data-count]").textContent = count.textContent;
}

// How many rows are shown; somebody may have read on.
export const shownRows = () => document.querySelector("#thread-list [data-rows]")?.children.length ?? 0;

// A page that was asked for without its thread knows no current row.
function markCurrent(next, shown) {
  const current = shown.querySelector("[data-rows] [aria-current=true]")?.closest("[id]")?.id;
  const row = current && next.querySelector(`#${CSS.escape(current)}`);
  const link = row?.matches("a") ? row : row?.querySelector("a");
  if (link && !next.querySelector("[aria-current=true]")) link.setAttribute("aria-current", "true");
}

function apply(list, next) {
  list.pending = null;
  if (!rowsOf(list) !== !rowsOf(next)) return renew(list, next);
  if (!rowsOf(list)) return;
  const last = rowsOf(next).lastElementChild, isWhole = !next.querySelector("#list-more");
  merge(rowsOf(list), rowsOf(next), { keep: (row) => !isWhole && isBefore(list, last, row) });
  say(list, 0);
}

// From nothing to rows, or back.
function renew(list, next) {
  list.replaceChildren(...[...next.children].map((child) => document.importNode(child, true)));
  remember(rowsOf(list));
  window.htmx?.process(list);
  list.dispatchEvent(new CustomEvent("fragment:merged", { bubbles: true }));
}

// `close`: rows of threads that left the list go; under a pointer they stay, and look closed, until it is elsewhere.
function inPlace(list, next, close) {
  if (close && !rowsOf(next)) return apply(list, next);
  list.pending = next;
  if (!rowsOf(list)) return say(list, rowsOf(next) ? 1 : 0);
  const waiting = arrived(list, next), left = departed(list, next);
  if (close && left.size === rowsOf(list).children.length) return apply(list, next);
  list.leaving = left.size > 0 && !close;
  const same = document.createElement("ol"), at = new Map();
  for (const row of rowsOf(list).children) {
    if (left.has(row) && close) continue;
    const copy = (next.querySelector(`#${CSS.escape(row.id)}`) ?? row).cloneNode(true);
    if (left.has(row)) copy.querySelector("a")?.classList.add("thread-row--closed");
    at.set(copy, row.dataset.at);
    same.append(copy);
  }
  for (const [copy, place] of at) copy.dataset.at = place;
  merge(rowsOf(list), same);
  say(list, waiting.length);
}

// Shown rows that have no place any more between those of the newer rendering.
function departed(list, next) {
  const last = rowsOf(next)?.lastElementChild, isWhole = !last || !next.querySelector("#list-more");
  const isGone = (row) => !next.querySelector(`#${CSS.escape(row.id)}`) && (isWhole || isBefore(list, row, last));
  return new Set([...rowsOf(list).children].filter(isGone));
}

// Rows that belong above the first one shown, and threads not shown at all that belong between others.
function arrived(list, next) {
  const shown = rowsOf(list), first = shown.firstElementChild, last = shown.lastElementChild;
  return [...(rowsOf(next)?.children ?? [])].filter((row) => {
    const known = shown.querySelector(`#${CSS.escape(row.id)}`);
    return known ? known !== first && isBefore(list, row, first) : isBefore(list, row, last);
  });
}

const isRising = (list) => ["oldest", "due"].includes(list.dataset.sort);
const isBefore = (list, row, other) => (isRising(list) ? row.dataset.at < other.dataset.at : row.dataset.at > other.dataset.at);

function say(list, count) {
  const bar = fresh(list);
  if (!bar) return;
  const told = Number(bar.dataset.count) || 0;
  bar.dataset.count = count;
  bar.hidden = count === 0;
  bar.textContent = (bar.dataset.text ?? "{n}").replace("{n}", count);
  if (count > told) announce(bar.dataset.said?.replace("{n}", count));
}

const fresh = (list) => list.querySelector("[data-fresh]");
const scroller = (list) => list.closest("[data-scroll]") || list;
const pointing = (list) => list.matches(":has([data-rows] :focus-visible)") || (list.matches(":hover") && matchMedia("(hover: hover)").matches);

// Selects threads in the list for bulk actions: click, Shift-click for a range, X, Escape. "Select all threads in the list", also by *, speaks for
// the whole list, shown or not. The chosen stay chosen while rows come and go.
import { announce } from "../lib/announce.js";

export default function bindBulk(list) {
  const chosen = new Set();
  let all = false, last = null, counted = null;
  const find = (name) => list.querySelector(`[data-${name}]`);
  const boxes = () => [...list.querySelectorAll("[data-pick]")];

  const show = () => {
    const form = find("bulk");
    if (!form) return;
    const here = boxes();
    for (const box of here) box.checked = all || chosen.has(box.value);
    for (const id of [...chosen]) if (!here.some((box) => box.value === id)) chosen.delete(id);
    const any = all || chosen.size > 0;
    form.classList.toggle("is-choosing", any);
    find("all").value = all ? "1" : "";
    find("chosen").textContent = find("chosen").dataset.text.replace("{n}", all ? (counted?.text && counted.count) || "…" : chosen.size);
    const more = find("select-all");
    more.hidden = all || !any || !counted || counted.count <= chosen.size;
    if (counted) more.textContent = counted.text;
    if (any && !counted) count(form);
    if (!any) counted = null;
  };

  const count = async (form) => {
    counted = { count: 0, text: "" };
    const answer = await fetch(form.dataset.countUrl, { credentials: "same-origin" }).catch(() => null);
    if (answer?.ok && counted) counted = await answer.json();
    show();
    if (all) announce(find("chosen").textContent);
  };

  const pick = (box, range) => {
    const row = boxes(), from = row.findIndex((other) => other.value === last);
    const on = all ? false : !chosen.has(box.value);
    if (all) { all = false; for (const other of row) chosen.add(other.value); }
    const to = row.indexOf(box), span = range && from >= 0 ? row.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const one of span) {
      if (on) chosen.add(one.value);
      else chosen.delete(one.value);
    }
    last = box.value;
    show();
  };

  const pickAll = (button) => {
    if (!boxes().length) return;
    const hadFocus = document.activeElement === button;
    all = true;
    show();
    if (hadFocus) find("clear").focus(); // the button hides
    if (counted?.text) announce(find("chosen").textContent);
  };

  const clear = () => {
    const inBar = document.activeElement?.closest("[data-bulk] .bulk-bar"), row = boxes().find((box) => box.value === last)?.closest("li");
    chosen.clear();
    all = false;
    last = null;
    show();
    if (inBar) (row?.querySelector("a[data-row]") ?? find("scroll")).focus({ preventScroll: true }); // the bar hides
  };

  list.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (box) pick(box, event.shiftKey);
    else if (event.target.closest("[data-clear]")) clear();
    else if (event.target.closest("[data-select-all]")) pickAll(find("select-all"));
  });
  list.addEventListener("fragment:merged", show);
  list.addEventListener("htmx:load", show);

  const onKey = (event) => {
    if (!list.isConnected) return document.removeEventListener("single-key", onKey);
    const key = event.detail.key;
    if (key === "m" && (all || chosen.size)) find("merge")?.click();
    else if (key === "!" && (all || chosen.size)) find("spam")?.click();
    else if (key === "Escape" && (all || chosen.size)) clear();
    else if (key === "x" || key === "X") {
      const row = document.activeElement?.closest?.("[data-rows] > li") ?? list.querySelector("[data-rows] > li:has([aria-current=true])");
      const box = (row ?? list).querySelector("[data-pick]");
      if (!box) return;
      pick(box, key === "X");
    } else return;
    event.preventDefault();
  };
  const onDone = () => {
    if (!list.isConnected) return document.removeEventListener("bulk-done", onDone);
    window.htmx?.ajax("GET", list.dataset.url, { target: "#thread-list", swap: "outerHTML" });
  };
  const onStarted = () => (list.isConnected ? clear() : document.removeEventListener("bulk-started", onStarted));
  document.addEventListener("single-key", onKey);
  document.addEventListener("bulk-done", onDone);
  document.addEventListener("bulk-started", onStarted);
  show();
}

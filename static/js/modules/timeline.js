// Keeps the timeline at its newest item, and announces new ones to who reads further up. What comes later is added below: in sight for a
// reader at the end, announced to one who reads further up.
import { merge, remember } from "../lib/merge.js";

const scroller = (element) => element.closest("[data-scroll]") ?? element.parentElement;
const atEnd = (box) => Math.abs(box.scrollTop) < 60;
const jump = () => document.getElementById("jump");
const showJump = (shown) => { if (jump()) jump().hidden = !shown; };

export default function bindTimeline(element) {
  remember(element);
  const box = scroller(element);
  const target = location.hash.startsWith("#item-") && document.getElementById(location.hash.slice(1));
  if (target) target.scrollIntoView({ block: "center" });
  element.addEventListener("htmx:load", () => dropRepeatedDays(element));
  box.addEventListener("scroll", () => { if (atEnd(box)) showJump(false); }, { passive: true });
  jump()?.addEventListener("click", () => { box.scrollTop = 0; showJump(false); });
}

export function updateTimeline(page) {
  const shown = document.getElementById("timeline"), fresh = page.getElementById("timeline");
  if (!shown || !fresh || shown.dataset.threadId !== fresh.dataset.threadId) return;
  const box = scroller(shown), stay = atEnd(box), place = fromStart(box);
  const isWhole = !fresh.querySelector("#timeline-older"); // nothing is earlier: what it lacks went to another thread
  const items = [...fresh.querySelectorAll(":scope > [id^=item-]")];
  // More came than a page holds: what is shown would end in a gap, so it goes, and the link to earlier items leads through it.
  const isApart = !isWhole && !items.some((item) => document.getElementById(item.id));
  const isEarlier = isApart ? () => false : earlierThan(items[0]);
  if ([...shown.querySelectorAll(":scope > [id^=item-]")].some(isEarlier)) withoutItsStart(fresh, shown);
  const added = merge(shown, fresh, { keep: (child) => !child.dataset.at || (!isWhole && isEarlier(child)) });
  const settle = () => { box.scrollTop = stay ? 0 : place - fromStart(box) + box.scrollTop; };
  settle();
  requestAnimationFrame(() => { if (stay === atEnd(box)) settle(); }); // the browser corrects the place a frame later, perhaps
  if (!stay && added.some((child) => child.matches("[data-message]"))) showJump(true);
  if (stay) seen(fresh.dataset.newestMessageId);
}

// Whether a child stands before the first item of a newer rendering: it is of an earlier page, which that rendering lacks. Many
// messages may bear the same second, so the place tells and the time does not.
function earlierThan(first) {
  const anchor = first && document.getElementById(first.id);
  if (anchor) return (child) => Boolean(anchor.compareDocumentPosition(child) & Node.DOCUMENT_POSITION_PRECEDING);
  return (child) => Boolean(first) && child.dataset.at < first.dataset.at;
}

function withoutItsStart(fresh, shown) {
  fresh.querySelector("#timeline-older")?.remove();
  const day = fresh.firstElementChild;
  if (day?.matches(".day") && shown.querySelector(`#${day.id}`)) day.remove();
}

function dropRepeatedDays(element) {
  const known = new Set();
  for (const day of element.querySelectorAll(":scope > .day")) {
    if (known.has(day.id)) day.remove();
    known.add(day.id);
  }
}

// How far the first item is above the visible part; the scroller counts from its end.
const fromStart = (box) => box.scrollHeight - box.clientHeight + box.scrollTop;

// A writer who has typed, or filled in a template, keeps what they had seen: the server then holds the send and shows what came since.
function seen(messageId) {
  const field = document.querySelector("#composer [name=last_seen_message_id]");
  if (field && messageId && !isFilled(field.form)) field.value = messageId;
}

function isFilled(form) {
  const blanks = [...form.querySelectorAll("[name^='value:']")];
  return Boolean(form.querySelector("textarea[name=text]")?.value.trim()) || blanks.some((blank) => blank.value !== blank.defaultValue);
}

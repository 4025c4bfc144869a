// The timeline stands at its newest item (the scroller is a reversed column, so it does without this). What comes later is added
// below: in sight for a reader at the end, announced to one who reads further up.
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
  box.addEventListener("scroll", () => { if (atEnd(box)) showJump(false); }, { passive: true });
  jump()?.addEventListener("click", () => { box.scrollTop = 0; showJump(false); });
}

export function updateTimeline(page) {
  const shown = document.getElementById("timeline"), fresh = page.getElementById("timeline");
  if (!shown || !fresh || shown.dataset.threadId !== fresh.dataset.threadId) return;
  const box = scroller(shown), stay = atEnd(box), place = fromStart(box);
  const oldest = fresh.querySelector(":scope > [data-at]")?.dataset.at ?? "";
  const added = merge(shown, fresh, { keep: (child) => !child.dataset.at || child.dataset.at < oldest });
  const settle = () => { box.scrollTop = stay ? 0 : place - fromStart(box) + box.scrollTop; };
  settle();
  requestAnimationFrame(() => { if (stay === atEnd(box)) settle(); }); // the browser corrects the place a frame later, perhaps
  if (!stay && added.some((child) => child.matches("[data-message]"))) showJump(true);
  if (stay) seen(fresh.dataset.newestMessageId);
}

// How far the first item is above the visible part; the scroller counts from its end.
const fromStart = (box) => box.scrollHeight - box.clientHeight + box.scrollTop;

// A writer who has typed keeps what they had seen: the server then holds the send and shows what came since.
function seen(messageId) {
  const typed = document.querySelector("#composer textarea[name=text]")?.value.trim();
  const field = document.querySelector("#composer [name=last_seen_message_id]");
  if (field && messageId && !typed) field.value = messageId;
}

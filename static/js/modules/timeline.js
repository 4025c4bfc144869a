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
  const box = scroller(shown), stay = atEnd(box), anchor = stay ? null : firstVisible(shown, box);
  const before = anchor?.getBoundingClientRect().top;
  box.style.overflowAnchor = "none"; // the browser would correct a second time
  requestAnimationFrame(() => requestAnimationFrame(() => { box.style.overflowAnchor = ""; }));
  const oldest = fresh.querySelector(":scope > [data-at]")?.dataset.at ?? "";
  const added = merge(shown, fresh, { keep: (child) => !child.dataset.at || child.dataset.at < oldest });
  if (anchor) box.scrollTop += anchor.getBoundingClientRect().top - before;
  else box.scrollTop = 0;
  if (!stay && added.some((child) => child.matches("[data-message]"))) showJump(true);
  if (stay) seen(fresh.dataset.newestMessageId);
}

const firstVisible = (shown, box) => {
  const top = box.getBoundingClientRect().top;
  return [...shown.children].find((child) => child.getBoundingClientRect().bottom > top);
};

// A writer who has typed keeps what they had seen: the server then holds the send and shows what came since.
function seen(messageId) {
  const typed = document.querySelector("#composer textarea[name=text]")?.value.trim();
  const field = document.querySelector("#composer [name=last_seen_message_id]");
  if (field && messageId && !typed) field.value = messageId;
}

// The timeline stands at its newest item. What comes later is added below: it stays at the bottom for a reader who is there, and
// is only announced to one who reads further up.
import { merge, remember } from "./merge.js";

const scroller = (element) => element.closest("[data-scroll]") || element.parentElement;
const atBottom = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 60;
const toBottom = (box) => { box.scrollTop = box.scrollHeight; };

export default function timeline(element) {
  remember(element);
  const box = scroller(element);
  const target = location.hash.startsWith("#item-") && element.querySelector(CSS.escape ? `#${CSS.escape(location.hash.slice(1))}` : location.hash);
  if (target) target.scrollIntoView({ block: "center" });
  else toBottom(box);
  // Pictures and fonts arrive later and push the end down; stay there as long as nobody scrolled away.
  let follow = !target;
  const grown = new ResizeObserver(() => { if (follow) toBottom(box); });
  grown.observe(element);
  box.addEventListener("scroll", () => {
    follow = atBottom(box);
    if (follow) hideJump();
  }, { passive: true });
  jump()?.addEventListener("click", () => { toBottom(box); hideJump(); });
}

export function updateTimeline(page) {
  const shown = document.getElementById("timeline"), fresh = page.getElementById("timeline");
  if (!shown || !fresh || shown.dataset.threadId !== fresh.dataset.threadId) return;
  const box = scroller(shown), stay = atBottom(box), top = box.scrollTop, height = box.scrollHeight;
  const firstShown = fresh.querySelector("[data-at]")?.dataset.at ?? "";
  const added = merge(shown, fresh, { keep: (child) => (child.dataset.at ?? "") < firstShown });
  if (stay) toBottom(box);
  else box.scrollTop = top;
  const newer = added.filter((child) => child.matches("[data-message]"));
  if (newer.length && !stay) showJump();
  if (stay && !document.hidden) seen(fresh.dataset.newestMessageId);
  return height;
}

// A writer who has typed keeps what they had seen: the server then holds the send and shows what came since.
function seen(messageId) {
  const field = document.querySelector("#composer [name=last_seen_message_id]");
  const text = document.querySelector("#composer textarea[name=text]");
  if (field && messageId && !text?.value.trim()) field.value = messageId;
}

const jump = () => document.getElementById("jump");
const showJump = () => { if (jump()) jump().hidden = false; };
const hideJump = () => { if (jump()) jump().hidden = true; };

// Keeps the bell's count of unread notifications, wherever [data-bell] is. Those of the thread on the screen are read at once.
import { announce } from "./announce.js";
import { post, readPage } from "./http.js";
import { replace } from "./merge.js";
import { toast } from "./toasts.js";

let shownThread = null, words = "";

export function startBell(socket) {
  socket.on("connect", ask);
  socket.once("connect_error", ask);
  socket.on("notification", ({ kind, thread_id: threadId, words: said }) => {
    if (kind === "NotificationAdded") heard(threadId);
    if (kind === "NotificationTest") toast(said);
  });
  document.addEventListener("htmx:afterSettle", () => { if (openThread() !== shownThread) ask(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
}

const openThread = () => document.querySelector("[data-thread-id]")?.dataset.threadId ?? null;

async function heard(threadId) {
  const before = words;
  await ask();
  if (threadId !== openThread() && words !== before) announce(document.querySelector("[data-bell-link] .nav__label")?.textContent + ": " + words);
  if (document.getElementById("notifications")) {
    const page = await readPage(location.href);
    if (page) replace("notifications", page);
  }
}

async function ask() {
  shownThread = openThread();
  const body = new FormData();
  if (shownThread) body.set("thread_id", shownThread);
  const seen = shownThread && !document.hidden;
  const answer = await (seen ? post("/notifications/reading", body) : fetch("/notifications/count", { credentials: "same-origin", cache: "no-store" })).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const { shown, words: said } = await answer.json();
  words = said;
  for (const count of document.querySelectorAll("[data-bell]")) { count.textContent = shown; count.hidden = !shown; }
  for (const place of document.querySelectorAll("[data-bell-words]")) place.textContent = said ? `: ${said}` : "";
}

// Hears what changed and asks again for it. Pushes carry a number per user: a gap, a reconnect or a wake-up means something may
// have been missed, and everything shown is asked for again. Without a socket the page asks every 30 seconds.
import { announce as say } from "./announce.js";
import { startBell } from "./bell.js";
import { heardOfMove } from "./moves.js";
import { startPresence } from "./presence.js";
import { refresh } from "./refresh.js";
import { heardOfTask } from "./tasks.js";

const POLL = 30_000, KEY = "live-sequence";
let known = Number(sessionStorage.getItem(KEY)) || 0;
let waiting = 0;

export function startLive() {
  if (!window.io || !document.querySelector(".app")) return;
  const socket = io({ transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 5000 });
  socket.on("connect", () => { catchUp().finally(() => { document.body.dataset.live = "on"; }); });
  socket.on("disconnect", (reason) => {
    document.body.dataset.live = "off";
    if (reason === "io server disconnect") catchUp().finally(() => socket.connect());
  });
  startPresence(socket);
  startBell(socket);
  socket.on("thread:changed", heard);
  socket.on("message:new", announce);
  socket.on("bulk:changed", ({ sequence }) => { note(sequence); document.dispatchEvent(new CustomEvent("bulk-changed")); });
  socket.on("notification", ({ sequence }) => note(sequence));
  socket.on("task:changed", (change) => { note(change.sequence); heardOfTask(change); });
  setInterval(() => { if (document.body.dataset.live !== "on" && !document.hidden) refresh(); }, POLL);
  document.addEventListener("visibilitychange", woken);
  window.addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  window.addEventListener("online", () => catchUp());
  document.addEventListener("thread-changed-here", () => refresh({ own: true }));
  document.addEventListener("tasks-changed", () => { if (document.querySelector("#thread-list[data-tasks]")) refresh({ thread: false, own: true }); });
}

function heard({ thread_id: threadId, merged_thread_id: gone, sequence }) {
  const missed = note(sequence);
  heardOfMove({ thread_id: threadId, merged_thread_id: gone });
  refresh({ thread: missed || threadId === openThread() });
}

// Returns true if a push before this one did not arrive here.
function note(sequence) {
  if (!sequence || sequence <= known) return false;
  const missed = known > 0 && sequence > known + 1;
  remember(sequence);
  return missed;
}

function remember(sequence) {
  known = sequence;
  sessionStorage.setItem(KEY, String(sequence));
}

async function catchUp() {
  const response = await fetch("/live/sequence", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (response?.status === 401) { location.reload(); return; } // the session ended; the sign-in page leads back here
  const sequence = response?.ok ? (await response.json()).sequence : null;
  if (sequence === known) return;
  if (sequence !== null) remember(sequence);
  await refresh();
}

function woken() {
  if (document.hidden) return;
  waiting = 0;
  title();
  if (document.body.dataset.stale === "on") refresh();
  else catchUp();
}

function announce({ kind, thread_id: threadId }) {
  if (kind !== "MessageReceived") return;
  if (document.hidden) { waiting += 1; title(); }
  const { here, elsewhere } = document.getElementById("announcements")?.dataset ?? {};
  say(threadId === openThread() ? here : elsewhere);
}

function title() {
  document.title = (waiting ? `(${waiting}) ` : "") + document.title.replace(/^\(\d+\) /, "");
}

function openThread() {
  return document.querySelector("[data-thread-id]")?.dataset.threadId;
}

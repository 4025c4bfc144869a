// Listens to pushes of changes and refreshes what is shown. Pushes carry a number per room: a gap, a reconnect or a wake-up means something
// may have been missed, and everything shown is asked for again. One push may tell of several changes: the last, and `others` before it.
// Without a socket the page asks every 30 seconds. A computer that slept says nothing and its socket may be dead without knowing: a clock
// that jumped, or pings that stayed away, are taken for a sleep.
import { announce as say } from "./announce.js";
import { startBell } from "./bell.js";
import { heardOfMove } from "./moves.js";
import { startPresence } from "./presence.js";
import { refresh } from "./refresh.js";
import { openSocket } from "./socket.js";
import { heardOfTask } from "./tasks.js";
import { countUnseen, seenAll } from "./unseen.js";

const POLL = 30_000, KEY = "live-sequences", TICK = 500, NAP = 5_000;
const DEAF = 30_000; // the server pings every 25 seconds; see app/domain/realtime/socket.py
const AGAIN = [500, 1_000, 2_000]; // a network that has just come back fails at first
let known = JSON.parse(document.body.dataset.sequences || sessionStorage.getItem(KEY) || "{}"); // of each room: the newest when the page was made
let pinged = Date.now(), ticked = Date.now();

export function startLive() {
  if (!document.getElementById("rail-views")) return; // nobody is signed in, or a partner, who hears of nothing
  const socket = openSocket();
  socket.on("connect", () => { pinged = Date.now(); catchUp().finally(() => { document.body.dataset.live = "on"; }); });
  socket.on("ping", () => { pinged = Date.now(); });
  socket.on("disconnect", (reason) => {
    document.body.dataset.live = "off";
    if (reason === "io server disconnect") catchUp().finally(() => socket.connect());
  });
  startPresence(socket);
  startBell(socket);
  socket.on("thread:changed", heard);
  socket.on("message:new", announce);
  socket.on("bulk:changed", (change) => { note(change); document.dispatchEvent(new CustomEvent("bulk-changed")); });
  socket.on("notification", note);
  socket.on("sla:alert", heard);
  socket.on("task:changed", (change) => { note(change); heardOfTask(change); });
  setInterval(() => { if (document.body.dataset.live !== "on" && !document.hidden) refresh(); }, POLL);
  setInterval(() => { if (napped() && !document.hidden) wake(socket); }, TICK);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { seenAll(); wake(socket); } });
  window.addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  window.addEventListener("online", () => wake(socket));
  document.addEventListener("thread-changed-here", () => refresh({ own: true }));
  document.addEventListener("tasks-changed", () => { if (document.querySelector("#thread-list[data-tasks]")) refresh({ thread: false, own: true }); });
}

function heard(push) {
  const missed = note(push), changes = allOf(push);
  changes.forEach(heardOfMove);
  if (changes.some(({ kind }) => /^(Appointment|Visit)/.test(kind))) document.body.dispatchEvent(new CustomEvent("appointments-changed"));
  refresh({ thread: missed || changes.some((change) => change.thread_id === openThread()), missed });
}

const allOf = (push) => [...(push.others ?? []), push];

// Returns true if a push before this one did not arrive here.
function note(push) {
  const { room, sequence } = push, before = known[room] ?? 0;
  if (!room || !sequence || sequence <= before) return false;
  remember({ ...known, [room]: sequence });
  return before > 0 && sequence > before + allOf(push).length;
}

function remember(sequences) {
  known = sequences;
  sessionStorage.setItem(KEY, JSON.stringify(known));
}

function napped() {
  const since = Date.now() - ticked;
  ticked = Date.now();
  return since > NAP;
}

// The truth is asked for at once; a socket that heard nothing for too long, or waits before it tries again, is made anew.
function wake(socket) {
  if (!socket.connected || Date.now() - pinged > DEAF) socket.disconnect().connect();
  catchUp();
}

async function catchUp(tries = 0) {
  const response = await fetch("/live/sequence", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (response?.status === 401) { location.reload(); return; } // the session ended; the sign-in page leads back here
  if (!response && AGAIN[tries]) setTimeout(() => catchUp(tries + 1), AGAIN[tries]);
  const sequences = response?.ok ? (await response.json()).sequences : null;
  const same = sequences && Object.entries(sequences).every(([room, sequence]) => known[room] === sequence);
  if (same && document.body.dataset.stale !== "on") return;
  if (sequences) remember(sequences);
  if (response) await refresh({ missed: true });
}

function announce(push) {
  const received = allOf(push).filter((item) => item.kind === "MessageReceived");
  if (!received.length) return;
  if (document.hidden) received.forEach(countUnseen);
  const { here, elsewhere } = document.getElementById("announcements")?.dataset ?? {};
  say(received.some((item) => item.thread_id === openThread()) ? here : elsewhere);
}

function openThread() {
  return document.querySelector("[data-thread-id]")?.dataset.threadId;
}

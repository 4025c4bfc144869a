// Tells the server which thread is open and what is typed, and shows who else is there. Said to the server on every change and renewed
// while it lasts; what comes back is drawn into #presence (the thread's head) and #typing (above the composer). Nothing moves when it
// changes.
import { announce } from "./announce.js";

const RENEW = 12_000, TYPING_RENEW = 4_000, TYPING_PAUSE = 5_000, SHOWN = 3;
let socket = null, me = null, people = [], shown = null, typing = null, typingSaidAt = 0, pause = 0, readAt = 0;
let announced = new Set();

export function startPresence(live) {
  socket = live;
  socket.on("connect", () => say());
  socket.on("presence", (heard) => { if (heard.thread_id === openThread()) hear(heard); });
  setInterval(say, RENEW);
  document.addEventListener("input", (event) => { if (event.target.closest?.("#composer :is(textarea, [contenteditable])")) typed(event.target); });
  document.addEventListener("submit", (event) => { if (event.target.closest?.("#composer")) stopTyping(); }, true);
  for (const event of ["htmx:afterSettle", "htmx:historyRestore", "fragment:merged"]) document.addEventListener(event, look);
  window.addEventListener("pageshow", (event) => { if (event.persisted) say(); });
}

const openThread = () => document.querySelector("[data-thread-id]")?.dataset.threadId ?? null;

// Something on the page was exchanged: perhaps the thread, perhaps only the place where people are drawn.
function look() {
  if (openThread() !== shown) { people = []; announced = new Set(); typing = null; readAt = 0; say(); } else draw(people);
}

function say() {
  if (!socket?.connected) return;
  shown = openThread();
  const about = shown;
  socket.emit("presence", { thread_id: about, typing }, (answer) => {
    if (!answer || about !== openThread()) return;
    me = answer.me ?? me;
    hear(answer);
  });
}

// An answer and a push overtake each other: a list read before the one that is shown is old news.
function hear({ read_at = 0, people: everybody }) {
  const isOld = read_at < readAt;
  readAt = Math.max(read_at, readAt);
  draw(isOld ? people : everybody); // whose page this is may be known only now
}

function typed(field) {
  clearTimeout(pause);
  if (!(field.value ?? field.textContent).trim()) { stopTyping(); return; }
  pause = setTimeout(stopTyping, TYPING_PAUSE);
  const kind = field.closest("form")?.dataset.kind ?? "reply";
  if (typing === kind && Date.now() - typingSaidAt < TYPING_RENEW) return;
  typing = kind;
  typingSaidAt = Date.now();
  say();
}

function stopTyping() {
  clearTimeout(pause);
  if (!typing) return;
  typing = null;
  say();
}

function draw(everybody) {
  people = everybody;
  const others = people.filter((person) => person.id !== me), writers = others.filter((person) => person.typing);
  const stack = document.getElementById("presence"), line = document.getElementById("typing");
  if (stack) {
    stack.replaceChildren(...faces(others));
    stack.title = others.length ? words(stack.dataset, "viewing", others) : "";
    if (stack.title) { stack.setAttribute("role", "img"); stack.setAttribute("aria-label", stack.title); }
    else { stack.removeAttribute("role"); stack.removeAttribute("aria-label"); }
  }
  if (line) {
    line.textContent = writers.length ? words(line.dataset, writers.every((w) => w.typing === "note") ? "note" : "reply", writers) : "";
    line.hidden = !writers.length;
  }
  speak(stack, line, others, writers);
}

function faces(others) {
  const found = others.slice(0, SHOWN).map((person) => face(initials(person.name), hue(person.name)));
  if (others.length > SHOWN) found.splice(SHOWN - 1, 1, face(`+${others.length - SHOWN + 1}`, "more"));
  return found;
}

function face(text, colour) {
  const element = document.createElement("span");
  element.className = `avatar avatar--small avatar--${colour}`;
  element.setAttribute("aria-hidden", "true");
  element.textContent = text;
  return element;
}

function initials(name) {
  const parts = name.split(/\s+/).filter(Boolean);
  return ((parts[0]?.[0] ?? "?") + (parts.length > 1 ? parts.at(-1)[0] : "")).toUpperCase();
}

// As the server's filter `hue`, so that a person has one colour everywhere.
const hue = (name) => new TextEncoder().encode(name).reduce((sum, byte) => sum + byte, 0) % 6;

function words(texts, key, persons) {
  const names = new Intl.ListFormat(document.documentElement.lang || "en").format(persons.map((person) => person.name));
  return texts[key + (persons.length > 1 ? "Many" : "One")].replace("{names}", names);
}

// Each arrival and each spell of typing is announced once; leaving is not worth a word.
function speak(stack, line, others, writers) {
  const now = new Set([...others.map((p) => `viewing ${p.id}`), ...writers.map((p) => `${p.typing} ${p.id}`)]);
  const newWriters = writers.filter((p) => !announced.has(`${p.typing} ${p.id}`));
  const arrived = others.filter((p) => !announced.has(`viewing ${p.id}`));
  announced = now;
  if (newWriters.length && line) announce(words(line.dataset, newWriters[0].typing, newWriters.slice(0, 1)));
  else if (arrived.length && stack) announce(words(stack.dataset, "viewing", arrived));
}

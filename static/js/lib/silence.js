// Shows that a request got no answer within two seconds, a line broke, or a session ended. Nothing typed is touched; what is about to be
// left behind is put away and brought back.
const PATIENCE = 2_000, AGAIN = 2_000, KEPT = "kept-text:";
const strip = () => shown ?? (shown = document.getElementById("line"));
let shown = null, waiting = new Map(), looking = null, unsent = null;
const isUnsent = () => unsent?.isConnected; // the way to send it again stays until it is used

export function sayWhatIsSilent() {
  bringBack();
  document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => { waiting.set(xhr, setTimeout(() => say("silent"), PATIENCE)); });
  document.addEventListener("htmx:afterRequest", ({ detail: { xhr, elt } }) => {
    clearTimeout(waiting.get(xhr));
    waiting.delete(xhr);
    if (xhr.status === 400) say("ended", signInLink());
    else if (xhr.status > 0) {
      if (elt === unsent) unsent = null;
      if (strip()?.dataset.said !== "ended" && !isUnsent()) hush();
    }
  });
  document.addEventListener("htmx:sendError", ({ detail: { elt } }) => {
    if (elt.matches("form.composer")) unsent = elt;
    say("broken", elt === unsent && sendAgain(elt));
    look();
  });
}

function say(what, action = null) {
  const line = strip();
  if (!line || (line.dataset.said === what && !line.hidden && !action)) return;
  line.dataset.said = what;
  line.replaceChildren(words(line.dataset[what]), ...(action ? [action] : []));
  line.hidden = false;
  (document.querySelector(".composer-area") ?? document.getElementById("main"))?.prepend(line);
}

function hush() {
  clearTimeout(looking);
  looking = null;
  if (strip()) strip().hidden = true;
}

// Asks until somebody answers; then the page is brought up to date.
function look() {
  clearTimeout(looking);
  looking = setTimeout(async () => {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(AGAIN) }).catch(() => null);
    if (!answer?.ok) return look();
    if (!isUnsent()) hush();
    document.dispatchEvent(new CustomEvent("thread-changed-here"));
  }, AGAIN);
}

function words(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}

function sendAgain(form) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn--small";
  button.textContent = strip().dataset.again;
  button.addEventListener("click", () => form.querySelector("[data-send]")?.click());
  return button;
}

// The way to sign in leaves this page: what is in the composer waits in the tab.
function signInLink() {
  const link = document.createElement("a"), field = document.querySelector("#composer textarea[name=text]");
  link.href = `${strip().dataset.signInUrl}?ended=1&next=${encodeURIComponent(location.pathname + location.search)}`;
  link.className = "btn btn--small";
  link.textContent = strip().dataset.signIn;
  link.addEventListener("click", () => { if (field?.value.trim()) sessionStorage.setItem(KEPT + location.pathname, field.value); });
  return link;
}

function bringBack() {
  const key = KEPT + location.pathname, text = sessionStorage.getItem(key), field = document.querySelector("#composer textarea[name=text]");
  if (!text || !field) return;
  sessionStorage.removeItem(key);
  if (field.value.trim()) return;
  field.value = text;
  setTimeout(() => field.dispatchEvent(new Event("input", { bubbles: true })));
}

// Shows toasts: toast("Resolved", {label: "Undo", run: () => …}) is a line at the foot of the page. The server does the same with
// HX-Trigger: {"toast": {"text": "Resolved", "undo_label": "Undo", "undo_url": "/…"}}; undo is a POST to that address. One that stays
// (`stay_seconds`) has a cross, and Z undoes it. The region is a live one (role=status), so nothing else announces it.

import { post } from "./http.js";

let bindElement = () => {};

export function toast(text, undo = null, staySeconds = 0) {
  const region = document.getElementById("toasts");
  if (!region) return;
  const element = document.createElement("div");
  element.className = "toast";
  element.dataset.module = "toast";
  element.append(words(text));
  if (undo) element.append(undoButton(element, undo));
  if (staySeconds) stay(element, staySeconds, region.dataset.close);
  region.append(element);
  bindElement(element);
}

function words(text) {
  const span = document.createElement("span");
  span.className = "toast__text";
  span.textContent = text;
  return span;
}

function undoButton(element, { label, run }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "toast__undo";
  button.textContent = label;
  button.addEventListener("click", () => { element.remove(); run(); });
  return button;
}

function stay(element, seconds, close) {
  element.dataset.staySeconds = seconds;
  for (const older of document.querySelectorAll(".toast__undo[data-key]")) older.removeAttribute("data-key");
  const undo = element.querySelector(".toast__undo"), cross = document.createElement("button");
  if (undo) { undo.dataset.key = "z"; undo.setAttribute("aria-keyshortcuts", "Z"); }
  cross.type = "button";
  cross.textContent = "×";
  cross.setAttribute("aria-label", close);
  cross.addEventListener("click", () => element.remove());
  element.append(cross);
}

// `undo_target`: what the answer to the undo replaces; the form in it goes along, so that nothing typed since is lost.
function fromServer({ text, undo_label: label, undo_url: url, undo_target: target, undo_thread: thread, stay_seconds: seconds }) {
  const run = () => {
    const open = document.querySelector("#thread-pane [data-thread-id]")?.dataset.threadId;
    if (thread && open && thread !== open) return undoElsewhere(url, thread);
    const form = target && document.querySelector(`${target} form`); // the one on the page by then: the send replaces it
    const place = form ? { source: form, target, swap: "outerHTML" } : { source: document.body, swap: "none" };
    return window.htmx.ajax("POST", url, place);
  };
  toast(text, url ? { label, run } : null, seconds);
}

// Its composer belongs to a thread that is not open any more: what is typed here now has no part in it.
async function undoElsewhere(url, thread) {
  const answer = await post(url, new FormData()).catch(() => null);
  if (answer?.ok) location.assign(`/threads/${thread}#composer`);
}

export function listenForToasts(bind) {
  bindElement = bind;
  document.addEventListener("toast", (event) => fromServer(event.detail));
}

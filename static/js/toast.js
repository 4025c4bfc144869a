// A toast says what happened, with a way back where there is one, and leaves after 8 seconds, later if somebody points at it.
// The server shows one with HX-Trigger: {"toast": {"text": "Resolved", "undo_label": "Undo", "undo_url": "/…"}}.
const STAY = 8000;

export default function toast(element) {
  const leave = () => { if (element.matches(":hover, :focus-within")) setTimeout(leave, 2000); else element.remove(); };
  setTimeout(leave, STAY);
}

export function say(text, undo = null) {
  const element = document.createElement("div");
  element.className = "toast";
  element.append(text);
  if (undo) element.append(undoButton(element, undo));
  document.getElementById("toasts")?.append(element);
  toast(element);
}

// For what is only heard: "Copied". A toast needs none, its region is a live one.
export function announce(text) {
  const region = document.getElementById("announcements");
  if (region) region.textContent = text;
}

function undoButton(element, { label, run }) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => { element.remove(); run(); });
  return button;
}

export function startToasts() {
  document.addEventListener("toast", ({ detail }) => {
    const run = () => window.htmx.ajax("POST", detail.undo_url, { source: document.body, swap: "none" });
    say(detail.text, detail.undo_url ? { label: detail.undo_label, run } : null);
  });
}

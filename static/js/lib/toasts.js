// toast("Resolved", {label: "Undo", run: () => …}) shows a line at the foot of the page. The server does the same with
// HX-Trigger: {"toast": {"text": "Resolved", "undo_label": "Undo", "undo_url": "/…"}}; undo is a POST to that address.
// The region is a live one (role=status), so nothing else announces it.

let bindElement = () => {};

export function toast(text, undo = null) {
  const region = document.getElementById("toasts");
  if (!region) return;
  const element = document.createElement("div");
  element.className = "toast";
  element.dataset.module = "toast";
  element.append(words(text));
  if (undo) element.append(undoButton(element, undo));
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

// `undo_target`: what the answer to the undo replaces; the form in it goes along, so that nothing typed since is lost.
function fromServer({ text, undo_label: label, undo_url: url, undo_target: target }) {
  const run = () => {
    const form = target && document.querySelector(`${target} form`); // the one on the page by then: the send replaces it
    const place = form ? { source: form, target, swap: "outerHTML" } : { source: document.body, swap: "none" };
    return window.htmx.ajax("POST", url, place);
  };
  toast(text, url ? { label, run } : null);
}

export function listenForToasts(bind) {
  bindElement = bind;
  document.addEventListener("toast", (event) => fromServer(event.detail));
}

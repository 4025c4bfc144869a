// Counts what came in while nobody looked at this tab: a number in its title, a dot on its icon.
let waiting = 0;

export function countUnseen() {
  waiting += 1;
  show();
}

export function seenAll() {
  if (!waiting) return;
  waiting = 0;
  show();
}

function show() {
  document.title = (waiting ? `(${waiting}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  for (const icon of document.querySelectorAll("link[rel=icon][data-unseen]")) {
    icon.dataset.seen ??= icon.getAttribute("href");
    icon.setAttribute("href", waiting ? icon.dataset.unseen : icon.dataset.seen);
  }
}

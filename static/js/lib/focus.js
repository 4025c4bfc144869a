// Keeps the focus after every swap, so that it is never lost. After a swap it is on the same control if that is still there (htmx does that
// by id), or in the same row of a list, else on what the new part marks with data-focus, else on the part that was swapped. Whatever else
// went away with the focus on it (a row that left the list, a bar that hides): if nobody gave the focus away a moment later, it goes to
// what took the place, else to the neighbour, else to what stood around it.
const MOMENT = 100; // longer than htmx takes to settle, and it puts the focus somewhere
const HOLDS = "a[href], button:not(:disabled), summary, [tabindex]";
const isThere = (element) => element.isConnected && element.checkVisibility({ visibilityProperty: true });
let last = null, around = [], beside = [], waiting = 0;

export function keepFocus() {
  keepFocusOverSwaps();
  document.addEventListener("focusin", ({ target }) => {
    [last, around, beside] = [target, [], []];
    for (let element = target; element && element !== document.body; element = element.parentElement) around.push(element);
  });
  // Who clicks on nothing wants the focus nowhere. Later, because what is on its way out tells of it while it is still there.
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (!relatedTarget) setTimeout(() => { if (target === last && isLost() && isThere(target)) last = null; });
  });
  // The head of a thread may have been brought up to date beneath a dialog: what had the focus before is gone when it closes.
  document.addEventListener("close", ({ target }) => {
    if (isLost() || target.contains(document.activeElement)) document.querySelector("#thread-pane h1")?.focus({ preventScroll: true });
  }, true);
  new MutationObserver(changed).observe(document.body, { childList: true, subtree: true, attributeFilter: ["class", "hidden", "open"] });
}

// Escape leaves a field: the focus is on what it belongs to, where the arrow keys scroll.
export function leaveField(field) {
  const place = ["#thread-pane [data-scroll]", "#main"].map((part) => document.querySelector(part)).find((part) => part && isThere(part));
  if (place) place.focus({ preventScroll: true });
  else field.blur();
}

const isLost = () => document.activeElement === null || document.activeElement === document.body;

function changed(records) {
  if (!last || isThere(last)) return;
  for (const { removedNodes, nextSibling, previousSibling } of records) {
    if ([...removedNodes].some((node) => node.contains(last))) beside = [nextSibling, previousSibling];
  }
  clearTimeout(waiting);
  waiting = setTimeout(giveBack, MOMENT);
}

function giveBack() {
  if (!last || !isLost() || isThere(last)) return;
  const dialog = document.querySelector("dialog[open]");
  const place = [...places()].find((one) => one && isThere(one) && (!dialog || dialog.contains(one))) ?? dialog;
  last = null;
  place?.focus({ preventScroll: true });
}

// Where the focus may go, the best first.
function* places() {
  const gone = around.filter((element) => !element.isConnected);
  for (const element of gone) yield* holders(element.id && document.getElementById(element.id));
  for (const node of beside) yield* holders(neighbour(node, node === beside[0] ? "nextSibling" : "previousSibling"));
  for (const element of around) if (element.matches("[tabindex]")) yield element;
  yield document.getElementById("main");
}

function holders(element) {
  if (!element) return [];
  return element.matches(HOLDS) ? [element] : element.querySelectorAll(HOLDS);
}

// A neighbour may be white space, or be gone too.
function neighbour(node, onwards) {
  while (node && node.nodeType !== Node.ELEMENT_NODE) node = node[onwards];
  return node?.isConnected ? node : null;
}

// The newer rendering of the row of a list that had the focus.
function sameRow(part) {
  const row = last?.closest("li[id]"), now = row && !row.isConnected && document.getElementById(row.id);
  return now && part?.contains(now) ? now.querySelector(HOLDS) : null;
}

function swapped(event) {
  if (!isLost()) return;
  const part = document.getElementById(event.detail.target?.id) ?? event.detail.elt;
  const next = sameRow(part) ?? part?.querySelector?.("[data-focus]") ?? part;
  if (!next || next === document.body) return;
  if (next.tabIndex < 0 && !next.hasAttribute("tabindex")) next.setAttribute("tabindex", "-1");
  next.focus({ preventScroll: true });
}

function keepFocusOverSwaps() {
  let hadFocus = false, menu = null;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    hadFocus = detail.target?.contains(document.activeElement) ?? false;
    menu = detail.target && openMenu(detail.target, detail.requestConfig?.elt);
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (menu) openAgain(menu);
    menu = null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (hadFocus) swapped(event);
    hadFocus = false;
  });
}

// Who chose in one menu may be in the next before the answer is there. The menu the answer is for is done with.
function openMenu(part, cause) {
  const menu = [...part.querySelectorAll("details.menu[open]:has(> summary[id])")].find((one) => !one.contains(cause));
  return menu && { summary: menu.querySelector("summary").id, place: [...menu.querySelectorAll(HOLDS)].indexOf(document.activeElement) };
}

function openAgain({ summary, place }) {
  const menu = document.getElementById(summary)?.closest("details");
  if (!menu) return;
  menu.open = true;
  menu.querySelectorAll(HOLDS)[place]?.focus({ preventScroll: true });
}

// Leads a reader whose open thread was merged or split to where it is now.
import { refresh } from "./refresh.js";
import { toast } from "./toasts.js";

let leading = ""; // the address that is being opened

export function followMoves() {
  document.addEventListener("thread-moved", (event) => open(event.detail.url));
}

async function open(url) {
  if (!document.getElementById("thread-pane") || !window.htmx) return void location.assign(url);
  if (leading === url) return;
  leading = url;
  history.pushState({ htmx: true }, "", url);
  await window.htmx.ajax("GET", url, { target: "#thread-pane", swap: "outerHTML" }).catch(() => {});
  document.querySelector("#thread-pane h1")?.focus({ preventScroll: true });
  leading = "";
  refresh({ own: true });
}

// Somebody merged the thread this reader has open into another.
export function heardOfMove({ merged_thread_id: gone, thread_id: kept }) {
  document.getElementById(`row-${gone}`)?.remove(); // an update of the list may leave rows it does not speak of
  if (!gone || document.querySelector("[data-thread-id]")?.dataset.threadId !== gone) return;
  if (leading || document.querySelector("#move-place .htmx-request")) return; // the reader did it; the answer leads them
  const url = `/threads/${kept}${location.search}`, words = document.getElementById("announcements")?.dataset ?? {};
  const typed = document.querySelector("#composer textarea[name=text]")?.value.trim() || document.querySelector("dialog[open]");
  if (typed) toast(words.merged, { label: words.open, run: () => open(url) }, 600);
  else { open(url); toast(words.merged); }
}

// Asks after a call from a visit whether anybody was spoken to, and notes the answer for the office. The phone may end the page
// meanwhile.
import { get, put, remove } from "./store.js";
import { word } from "./words.js";

const ASKED_FOR_MS = 30 * 60_000;

export function bindCalls(keepForm) {
  for (const link of document.querySelectorAll('a[href^="tel:"]')) {
    const { visit, who } = link.dataset;
    link.addEventListener("click", () => put("meta", { id: "call", visit_id: visit, who, at: Date.now() }).then(() => ask(keepForm)));
  }
  ask(keepForm);
}

async function ask(keepForm) {
  const call = await get("meta", "call"), before = document.querySelector("[data-called]");
  if (before || !call || Date.now() - call.at > ASKED_FOR_MS) return;
  const place = Object.assign(document.createElement("div"), { className: "fieldwork__asked" });
  place.dataset.called = "";
  place.setAttribute("role", "group");
  const words = Object.assign(document.createElement("p"), { id: "called-words", textContent: word("spoken", { NAME: call.who }) });
  place.setAttribute("aria-labelledby", words.id);
  const choices = Object.assign(document.createElement("div"), { className: "outbox__choices" });
  for (const [name, text] of [["spoken_yes", "called"], ["spoken_no", "called_nobody"]]) {
    const button = Object.assign(document.createElement("button"), { className: "fieldwork__button", type: "button", textContent: word(name) });
    button.addEventListener("click", async () => {
      await remove("meta", "call");
      place.remove();
      await keepForm(null, { body: { text: word(text) }, with: { kind: "note", visit_id: call.visit_id, who: call.who } });
    });
    choices.append(button);
  }
  place.append(words, choices);
  document.getElementById("main").prepend(place);
}

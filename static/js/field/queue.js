// Shows the page of what waits on this phone: in sending order, what needs a person first, each with its choices.
import { bytesOf, edit, isWaiting, keep, mine, needsPerson, settle } from "./outbox.js";
import { clock, word, wordOf } from "./words.js";

const EVIDENCE = new Set(["note", "photo", "checklist", "serial", "meter", "signature", "voice", "follow_up"]), OLD_MS = 14 * 86400000;

const make = (tag, className, text) => Object.assign(document.createElement(tag), { className, textContent: text ?? "" });

export function showQueue(everything, tools) {
  const place = document.querySelector("[data-queue]");
  if (!place || place.querySelector("textarea")) return;
  const own = mine(everything), asked = own.filter(needsPerson), waiting = own.filter(isWaiting), done = own.filter((one) => one.state === "done");
  const now = JSON.stringify(own.map((one) => [one.id, one.state, one.parked, one.locked, one.tries > 0, one.there]));
  if (place.dataset.now === now) return;
  place.dataset.now = now;
  const parts = [...asked.map((one) => held(one, tools)), ...waiting.map((one) => item(one, tools))];
  if (!parts.length) parts.push(make("p", "fieldwork__empty", word("nothing")));
  if (done.length) parts.push(make("p", "fieldwork__soft", `✓ ${word("sent_today", { COUNT: done.length })}`));
  place.replaceChildren(...parts);
}

function saying(one) {
  const { body } = one;
  if (one.locked) return wordOf("kinds", one.kind);
  const said = one.kind === "step" ? wordOf("steps", body.to) : one.kind === "photo" ? wordOf("labels", body.label) : one.kind === "voice" ? `${body.seconds} s` : body.text ?? body.value ?? body.name ?? body.item;
  return `${wordOf("kinds", one.kind)}: ${said}`;
}

function button(text, act) {
  const made = make("button", "fieldwork__button", text);
  made.type = "button";
  made.addEventListener("click", async () => { made.disabled = true; await act(); });
  return made;
}

function item(one, tools) {
  const made = make("article", "outbox__item");
  made.dataset.item = one.kind;
  const size = one.size ? `, ${Math.round(one.size / 1024)} kB` : "";
  made.append(make("div", "", `◷ ${saying(one)}${size}`), make("small", "", `${one.who} · ${clock(one.occurred_at)}`));
  if (one.locked) made.append(make("p", "", word("locked")));
  if (one.there) made.append(progress(one));
  const choices = make("div", "outbox__choices");
  const isOld = Date.now() - Date.parse(one.occurred_at) > OLD_MS && !one.confirmed;
  if (isOld) made.append(make("p", "", word("late")));
  if (isOld || one.parked) choices.append(button(word("retry"), async () => { await tools.update(one, { confirmed: true, parked: false, tries: 0 }); tools.hurry(); }));
  if (typeof one.body.text === "string" && one.tries === 0) choices.append(button(word("change"), () => change(one, made, tools)));
  choices.append(button(word("discard"), () => window.confirm(word("sure")) ? tools.discard(one) : null));
  made.append(choices);
  return made;
}

function progress(one) {
  const made = Object.assign(make("progress", "outbox__progress"), { max: one.size, value: one.there });
  made.setAttribute("aria-label", word("is_there", { PERCENT: Math.round(one.there / one.size * 100) }));
  return made;
}

function held(one, tools) {
  const made = make("article", "outbox__item outbox__item--held");
  made.dataset.item = one.kind;
  made.append(make("h2", "", one.state === "held" ? word("conflict") : word("refused")));
  made.append(make("div", "", `${saying(one)}`), make("small", "", `${one.who} · ${clock(one.occurred_at)}`));
  made.append(make("p", "", one.problem.words === "unreadable" ? word("unreadable") : one.problem.words));
  for (const newer of one.problem.details?.newer ?? []) made.append(make("p", "outbox__quote", `${newer.name}: ${newer.text}`));
  const choices = make("div", "outbox__choices");
  for (const choice of one.problem.choices ?? []) choices.append(button(word(choice), () => choose(one, choice, made, tools)));
  if (one.state === "refused" && typeof one.body.text === "string") choices.prepend(button(word("change"), () => choose(one, "change", made, tools)));
  made.append(choices);
  return made;
}

async function choose(one, choice, place, tools) {
  if (choice === "discard") return tools.forget(one);
  if (choice === "change") return change(one, place, tools);
  const newest = one.problem.details?.newer?.at(-1)?.id;
  const again = { visit_id: one.visit_id, who: one.who, replaces: one.id, bytes: one.file_id ? await bytesOf(one) : null };
  if (choice === "send_anyway") await keep({ ...again, kind: one.kind, body: { ...one.body, last_seen_message_id: newest ?? one.body.last_seen_message_id } });
  else if (choice === "do_anyway") await keep({ ...again, kind: one.kind, body: { ...one.body, seen_starts_at: one.problem.details.starts_at }, send_before: one.send_before, seq: one.seq });
  else if (EVIDENCE.has(one.kind)) await keep({ ...again, kind: one.kind, body: one.body });
  else await handIn(one, again);
  await settle(one, "done", { code: "settled", words: "" });
  return tools.hurry();
}

// What can no longer be what it was is told to the office: as a note, and its photo as a photo.
async function handIn(one, again) {
  if (again.bytes) await keep({ ...again, kind: "photo", body: { label: "other" } });
  await keep({ ...again, bytes: null, kind: "note", body: { text: `${saying(one)}, ${clock(one.occurred_at)}` } });
}

function change(one, place, tools) {
  const field = Object.assign(make("textarea", "fieldwork__input"), { rows: 4, value: one.body.text });
  field.setAttribute("aria-label", wordOf("kinds", one.kind));
  const newest = one.problem?.details?.newer?.at(-1)?.id;
  const send = button(word("send_now"), async () => {
    if (!field.value.trim()) return undefined;
    const body = { ...one.body, text: field.value.trim(), ...(newest ? { last_seen_message_id: newest } : {}) };
    if (isWaiting(one)) {
      const isChanged = await edit(one, body);
      field.replaceWith(make("p", "", isChanged ? "" : word("gone_already")));
      return tools.hurry();
    }
    await keep({ visit_id: one.visit_id, who: one.who, kind: one.kind, body, replaces: one.id, bytes: one.file_id ? await bytesOf(one) : null });
    field.remove();
    await settle(one, "done", { code: "settled", words: "" });
    return tools.hurry();
  });
  place.querySelector(".outbox__choices").replaceChildren(field, send);
  field.focus();
}

// Starts the technicians' pages: forms become actions of the outbox, what waits is shown, pages are kept for offline.
import { discard, hooks, hurry, status } from "./actions.js";
import { bytesOf, forget, isWaiting, keep, list, mine, needsPerson, onChange, tidy, update } from "./outbox.js";
import { check, forgetPack, refresh } from "./pack.js";
import { forgetForeignKey, forgetKey } from "./seal.js";
import { canKeep, get, put, remove } from "./store.js";
import { clock, word, wordOf } from "./words.js";

const SEND_BEFORE_MS = { on_the_way: 15 * 60_000, not_home: 2 * 3600_000 }, FULL = 0.95, CROWDED = 0.45, FRESH_MS = 120_000;
// What a page needs besides, fetched for the pages that have it alone: the first one is to be there soon, on a slow line too.
const PARTS = { calls: 'a[href^="tel:"]', meter: "[data-meters]", phone: "[data-place], [data-maps]", photos: "[data-photo], [data-attach]", place: "[data-keeps-place]", queue: "[data-queue]", scan: "[data-scan]", signature: "[data-glass]", voice: "[data-sound]" };
const parts = {};
try { if (localStorage.getItem("field-sun")) document.documentElement.dataset.theme = "sun"; } catch { /* this browser keeps nothing */ }
const line = document.querySelector("[data-line]"), undo = document.querySelector("[data-undo]");
let undoing = null, looked = 0;

// The form's fields, as the action's body.
function bodyOf(form) {
  const fields = Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === "string"));
  for (const name of ["csrf_token", "kind", "id"]) delete fields[name];
  return fields;
}

async function keepForm(form, more = {}) {
  const kind = more.with?.kind ?? form.elements.kind.value, body = { ...(form ? bodyOf(form) : {}), ...more.body };
  const limit = SEND_BEFORE_MS[body.to];
  const send_before = limit ? new Date(Date.now() + limit).toISOString() : null;
  const action = await keep({ visit_id: form?.dataset.visit, who: form?.dataset.who, kind, body, send_before, ...more.with });
  navigator.vibrate?.(20);
  if (kind === "step") offerUndo(action);
  hurry();
  return action;
}

function bindForm(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (parts.meter && !await parts.meter.isMeant(form)) return;
    const button = event.submitter ?? form.querySelector("button");
    if (button) button.disabled = true;
    try {
      await keepWithPhoto(form, form.querySelector("[data-attach]"));
      form.reset();
      showAttached(form);
      form.closest("details")?.querySelector("summary")?.focus();
    } catch (error) {
      say(whyNot(error));
    }
    if (button) button.disabled = false;
  });
  for (const input of form.querySelectorAll("[data-photo]")) {
    input.addEventListener("click", (event) => beforeCamera(event, form));
    input.addEventListener("change", () => takePhotos(form, input));
  }
  for (const input of form.querySelectorAll("[data-attach]")) input.addEventListener("change", () => showAttached(form));
  for (const quick of form.querySelectorAll("[data-quick] button")) quick.addEventListener("click", () => { form.elements.text.value = quick.textContent; form.elements.text.focus(); });
  for (const tick of form.querySelectorAll("[data-tick]")) tick.addEventListener("change", () => keepForm(form).catch(() => say(word("cannot_keep"))));
  for (const plain of form.querySelectorAll("[data-plain]")) plain.hidden = true;
}

// A photo goes along with a message; of a visit that cannot go on it is an action of its own, before the step.
async function keepWithPhoto(form, input) {
  const [file] = input?.files ?? [];
  if (!file) return keepForm(form);
  const taken = await file.arrayBuffer(), bytes = await parts.photos.shrink(taken, file.type);
  if (form.elements.kind.value === "message") return keepForm(form, { with: { bytes } });
  await keep({ visit_id: form.dataset.visit, who: form.dataset.who, kind: "photo", body: { label: "obstacle", ...parts.place?.placeOf(taken) }, bytes });
  return keepForm(form);
}

function showAttached(form) {
  const input = form.querySelector("[data-attach]"), words = form.querySelector("[data-attached]");
  if (!input) return;
  words.dataset.empty ??= words.textContent;
  words.textContent = input.files[0]?.name ?? words.dataset.empty;
  if (form.elements.kind.value === "message") form.elements.text.required = !input.files.length;
}

const whyNot = (error) => word(error.name === "QuotaExceededError" ? "full" : parts.photos && error instanceof parts.photos.Unreadable ? "unreadable" : "cannot_keep");

// The phone may end this page behind the camera: what was being done is written down first.
async function beforeCamera(event, form) {
  const room = await navigator.storage?.estimate?.();
  if (room?.quota && room.usage / room.quota > FULL) { event.preventDefault(); return say(word("full")); }
  return put("meta", { id: "camera", visit_id: form.dataset.visit, at: Date.now() });
}

async function takePhotos(form, input) {
  const label = form.elements.label.value;
  for (const file of [...input.files]) {
    try {
      const taken = await file.arrayBuffer(), place = parts.place?.placeOf(taken) ?? null;
      await keepForm(form, { body: { label, ...place }, with: { bytes: await parts.photos.shrink(taken, file.type) } });
    } catch (error) {
      say(whyNot(error));
    }
  }
  input.value = "";
  await remove("meta", "camera");
}

function offerUndo(action) {
  clearInterval(undoing);
  const [text, button] = undo.children;
  const show = () => {
    const left = Math.ceil((action.not_before - Date.now()) / 1000);
    if (left <= 0 || left > 6) { undo.hidden = true; clearInterval(undoing); return; }
    text.textContent = `${wordOf("steps", action.body.to)} ${clock(action.occurred_at)}`;
    button.textContent = `${word("undo")} ${left} s`;
    undo.hidden = false;
  };
  button.onclick = async () => { clearInterval(undoing); undo.hidden = true; await discard(action, forget); };
  undoing = setInterval(show, 500);
  show();
}

function say(text) {
  const told = document.createElement("p");
  Object.assign(told, { className: "fieldwork__problem", textContent: text });
  told.setAttribute("role", "alert");
  document.getElementById("main").prepend(told);
}

// What waits, on every page: one line above, a count below, and on the visit what was done but is not at the office yet.
async function show() {
  const everything = await list(), own = mine(everything), waiting = own.filter(isWaiting), asked = own.filter(needsPerson);
  const others = everything.length - own.length, count = waiting.length + asked.length;
  for (const place of document.querySelectorAll("[data-waiting-count]")) place.textContent = count || "";
  for (const place of document.querySelectorAll("[data-sent]")) place.textContent = count ? `${word("waiting", { COUNT: count })}` : status.network === "on" ? `✓ ${word("all_sent")}` : "";
  showLine(waiting, asked, others);
  overlay(own);
  const bottom = document.querySelector("[data-bottom]");
  document.body.classList.toggle("is-crowded", bottom.offsetHeight > window.innerHeight * CROWDED);  // in large letters it would cover the page
  parts.queue?.showQueue(everything, { discard: (one) => discard(one, forget).catch(() => say(word("offline"))), forget, update, hurry });
}

function showLine(waiting, asked, others) {
  const parts = [];
  if (status.stopped === "signed_out" || status.stopped === "wipe") parts.push(word("signed_out", { COUNT: waiting.length }));
  else if (status.network === "off") parts.push(word("offline"));
  if (waiting.length && !status.stopped) parts.push(`${word("waiting", { COUNT: waiting.length })} ${word("since", { TIME: clock(waiting[0].occurred_at) })}`);
  if (asked.length) parts.push(word("needs_you", { COUNT: asked.length }));
  if (others) parts.push(word("other_person", { COUNT: others }));
  const text = parts.join(" · ");
  line.hidden = !text;
  if (line.dataset.text === text) return;
  line.dataset.text = text;
  line.replaceChildren(document.createTextNode(text));
  const link = document.createElement("a");
  if (status.stopped) Object.assign(link, { href: `/sign-in?next=${encodeURIComponent(location.pathname)}`, textContent: word("sign_in") });
  else Object.assign(link, { href: "/visits/queue", textContent: asked.length ? word("conflict") : word("send_now") });
  if (text && location.pathname !== "/visits/queue") line.append(link);
}

function overlay(own) {
  const pending = own.filter((one) => !one.locked && (isWaiting(one) || (one.state === "done" && Date.parse(one.occurred_at) > Date.parse(document.documentElement.dataset.made))));
  for (const place of document.querySelectorAll("[data-step-of]")) {
    const step = pending.findLast((one) => one.kind === "step" && one.visit_id === place.dataset.stepOf);
    if (step) place.textContent = wordOf("steps", step.body.to);
  }
  for (const visit of document.querySelectorAll("[data-visit][data-state]")) {
    const of = pending.filter((one) => one.visit_id === visit.dataset.visit);
    showState(visit, of.findLast((one) => one.kind === "step")?.body.to ?? visit.dataset.state);
    showChecks(visit, of.filter((one) => one.kind === "checklist"));
    showLacks(visit, of);
    for (const place of visit.querySelectorAll("[data-serial]")) place.classList.toggle("is-corrected", of.some((one) => one.body.corrects === place.dataset.serial));
    for (const kind of ["photo", "serial", "meter", "note", "message", "voice", "follow_up"]) showPending(visit, kind, of.filter((one) => one.kind === kind));
  }
}

const FOLLOWS = { planned: "on_the_way", on_the_way: "arrived", arrived: "in_progress", in_progress: "done", not_home: "arrived", aborted: "in_progress" };

function showState(visit, state) {
  const foot = document.querySelector(`[data-steps-of="${visit.dataset.visit}"]`);
  for (const part of foot?.querySelectorAll("[data-next]") ?? []) part.hidden = part.dataset.next !== FOLLOWS[state];
  for (const part of visit.querySelectorAll("[data-when-open]")) part.hidden = !["planned", "on_the_way", "arrived", "in_progress"].includes(state);
  const ended = visit.querySelector("[data-ended]");
  if (ended) { ended.hidden = !["not_home", "aborted", "cancelled"].includes(state); ended.textContent = wordOf("steps", state); }
  let isPast = true;
  for (const step of visit.querySelectorAll("[data-step]")) {
    const isNow = step.dataset.step === state;
    isNow ? step.setAttribute("aria-current", "step") : step.removeAttribute("aria-current");
    if (isNow) isPast = false;
    step.classList.toggle("is-past", isPast && Boolean(FOLLOWS[state] || state === "done"));
  }
}

// What the documentation lacks, beside the button that ends the visit.
function showLacks(visit, of) {
  const place = document.querySelector(`[data-steps-of="${visit.dataset.visit}"] [data-lacks]`), count = visit.querySelector("[data-checked]");
  if (!place) return;
  const has = {
    photo: of.some((one) => one.kind === "photo" && one.body.label === "after"), signature: of.some((one) => one.kind === "signature"),
    checklist: Boolean(count) && visit.querySelectorAll("[data-tick]:checked").length >= Number(count.dataset.all),
  };
  for (const link of place.querySelectorAll("[data-lack]")) link.hidden = has[link.dataset.lack];
  place.hidden = !place.querySelector("[data-lack]:not([hidden])");
}

// What was ticked here counts before the office has it; the newest word on each item.
function showChecks(visit, ticks) {
  for (const { body } of ticks) {
    const place = visit.querySelector(`[data-item="${CSS.escape(body.item)}"]`), tick = place?.querySelector(`[value="${body.answer}"]`);
    if (tick) tick.checked = true;
  }
  const count = visit.querySelector("[data-checked]");
  if (count) count.textContent = `${visit.querySelectorAll("[data-tick]:checked").length}/${count.dataset.all}`;
}

async function showPending(visit, kind, actions) {
  const place = visit.querySelector(`[data-list="${kind}"]`);
  if (!place) return;
  for (const old of place.querySelectorAll("[data-pending]")) if (!actions.some((one) => one.id === old.dataset.pending)) old.remove();
  for (const one of actions) {
    if (place.querySelector(`[data-pending="${one.id}"]`)) continue;
    const item = document.createElement("li");
    item.dataset.pending = one.id;
    item.className = "visit-waiting";
    item.textContent = one.kind === "photo" ? wordOf("labels", one.body.label) : one.kind === "voice" ? wordOf("kinds", "voice") : one.body.text ?? one.body.value ?? one.body.item ?? "";
    place.append(item);
    if (one.file_id && one.kind !== "voice") await showPicture(item, one);
  }
}

async function showPicture(item, action) {
  const bytes = await bytesOf(action);
  if (!bytes) return;
  const picture = document.createElement("img");
  Object.assign(picture, { src: URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" })), alt: item.textContent || wordOf("kinds", "photo"), width: 96, height: 96 });
  picture.onload = () => URL.revokeObjectURL(picture.src);
  item.prepend(picture);
}

// A link to a part of this page opens it.
function openNamed() {
  const named = location.hash && document.getElementById(location.hash.slice(1));
  if (named?.tagName !== "DETAILS") return;
  named.open = true;
  named.querySelector("summary").focus();
}

// The screen stays on while somebody ticks off a list, where the phone lets us.
function keepAwake(list) {
  let lock = null;
  list.addEventListener("toggle", async () => {
    await lock?.release().catch(() => null);
    lock = list.open ? await navigator.wakeLock?.request("screen").catch(() => null) : null;
  });
}

async function wayBackFromCamera() {
  const camera = await get("meta", "camera"), place = document.querySelector("[data-camera-back]");
  if (!camera || !place || Date.now() - camera.at > 3600_000) return;
  const link = document.createElement("a");
  const who = document.querySelector(`a[href="/visits/${camera.visit_id}"]`)?.textContent.trim() ?? "";
  Object.assign(link, { href: `/visits/${camera.visit_id}#photos`, className: "fieldwork__button", textContent: `${wordOf("kinds", "photo")}: ${who}` });
  place.replaceChildren(link);
  place.hidden = false;
  await remove("meta", "camera");
}

function bindSignOut(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const count = mine(await list()).filter(isWaiting).length;
    if (count && !window.confirm(word("sign_out_waiting", { COUNT: count }))) return;
    await forgetKept();
    form.submit();
  });
}

async function forgetKept() {
  await forgetPack();
  await forgetKey();
}

async function onPack(told) {
  await refresh(told).catch(() => null);
}

async function look() {
  if (document.visibilityState !== "visible" || Date.now() - looked < FRESH_MS && status.network === "on" && !mine(await list()).some(isWaiting)) return;
  looked = Date.now();
  await hurry();
  if (status.stopped === "wipe") await forgetKept();
  if (status.isNews) offerNews();
}

async function pushed(told) {
  if (!told || !("pushed" in told)) return;
  looked = 0;
  await look();
  offerNews();
}

// The office or the customer did something meanwhile: it is fetched, and shown when the reader wants it.
function offerNews() {
  if (document.querySelector("[data-changed]")) return;
  const again = Object.assign(document.createElement("a"), { href: location.href.split("#")[0], className: "fieldwork__button", textContent: word("changed_now") });
  again.dataset.changed = "";
  document.getElementById("main").prepend(again);
}

// Where the browser offers to install it, a button does; elsewhere the words beside it say how.
window.addEventListener("beforeinstallprompt", (event) => {
  const button = document.querySelector("[data-install-now]");
  if (!button) return;
  event.preventDefault();
  button.hidden = false;
  button.onclick = async () => { await event.prompt(); button.hidden = true; };
});

async function start() {
  for (const print of document.querySelectorAll("[data-print]")) print.addEventListener("click", () => window.print());
  for (const form of document.querySelectorAll("[data-sign-out]")) bindSignOut(form);
  openNamed();
  window.addEventListener("hashchange", openNamed);
  for (const list of document.querySelectorAll("[data-keeps-awake]")) keepAwake(list);
  if (!canKeep() || !document.documentElement.dataset.user) { document.querySelector("[data-queue]")?.replaceChildren(); return say(word("nothing_kept")); }
  try { await tidy(); } catch { return say(word("nothing_kept")); }
  await forgetForeignKey();
  if (await check() === "old") { document.getElementById("main").replaceChildren(); say(word("too_old")); }
  await Promise.all(Object.entries(PARTS).map(async ([name, selector]) => { if (document.querySelector(selector)) parts[name] = await import(`./${name}.js`); }));
  for (const form of document.querySelectorAll("[data-action-form]")) bindForm(form);
  for (const form of document.querySelectorAll("form:has([data-sound])")) parts.voice.bindVoice(form, keepForm, say);
  for (const label of document.querySelectorAll("[data-scan]")) parts.scan.bindScan(label, say);
  parts.phone?.bindPhone();
  parts.calls?.bindCalls(keepForm);
  for (const button of document.querySelectorAll("[data-dictate]")) parts.voice.bindDictation(button);
  await parts.voice?.keepRecording(keepForm).catch(() => null);
  for (const glass of document.querySelectorAll("[data-glass]")) parts.signature.bindGlass(glass);
  for (const button of document.querySelectorAll("[data-send-now]")) button.addEventListener("click", hurry);
  hooks.onPack = onPack;
  onChange(show);
  for (const event of ["online", "pageshow", "focus"]) window.addEventListener(event, look);
  window.addEventListener("offline", () => { status.network = "off"; show(); });
  document.addEventListener("visibilitychange", look);
  window.visualViewport?.addEventListener("resize", () => document.body.classList.toggle("has-keyboard", window.visualViewport.height < window.innerHeight * 0.75));
  await show();
  document.body.dataset.ready = "on";
  wayBackFromCamera();
  navigator.serviceWorker?.addEventListener("message", (event) => pushed(event.data));
  await navigator.serviceWorker?.register("/sw.js", { scope: "/" }).catch(() => null);
  navigator.storage?.persist?.().catch(() => null);
  await look();
}

start();

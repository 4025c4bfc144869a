// Sends the phone's outbox of actions: in order per visit, words before pictures, one sender at a time. Locks only save traffic; that
// nothing is done twice is the office's ledger. What gets no answer is sent again, and an action is done only when the office says so.
import { Stopped, Unknown, post, preflight, upload } from "./connection.js";
import { bytesOf, claim, isRipe, isWaiting, list, mine, settle, tell, update } from "./outbox.js";
import { pointer } from "./pack.js";
import { get, put, transact } from "./store.js";
import { userId } from "./words.js";

const LOCK = "field-outbox", LEASE_MS = 45000, WAITS_S = [1, 3, 10, 30, 60, 120], BATCH = 20, POISON = 8, OLD_MS = 14 * 86400000;
export const status = { network: "unknown", stopped: "", pack: "", isNews: false };
let failures = 0, timer = null, running = null, again = false;

// Sends what waits; calls while it runs make it look once more. `onPack` hears what the office said before anything was sent.
export function drain(onPack = null) {
  again = true;
  running ??= (async () => {
    while (again) {
      again = false;
      await alone(() => attempt(onPack));
    }
  })().finally(() => { running = null; });
  return running;
}

async function alone(work) {
  if (navigator.locks) return navigator.locks.request(`${LOCK}-${userId()}`, { ifAvailable: true }, (lock) => lock ? work() : later(2));
  const owner = crypto.randomUUID(), now = Date.now();
  let got = false;
  await transact("readwrite", ({ meta }) => {
    meta.get("lease").onsuccess = (event) => {
      const lease = event.target.result;
      got = !lease || lease.until < now || lease.until > now + LEASE_MS;
      if (got) meta.put({ id: "lease", owner, until: now + LEASE_MS });
    };
  });
  if (!got) return later(5);
  try { return await work(); } finally { await put("meta", { id: "lease", owner, until: 0 }); }
}

async function attempt(onPack) {
  try {
    const known = await pointer(), have = known?.user_id === userId() ? known.pack : "";
    const waiting = await waits();
    let told = await preflight(have, waiting);
    status.isNews ||= Boolean(status.pack) && status.pack !== told.pack;  // nothing of ours went since: somebody else did something
    Object.assign(status, { network: "on", stopped: "" });
    status.pack = waiting ? "" : told.pack;
    await sendAll(told.csrf);
    if (waiting) told = await preflight(have, await waits());  // what is at the office now changed the pages, and is told to wait no more
    status.pack = told.pack;
    failures = 0;
    await onPack?.(told);
  } catch (error) {
    if (error instanceof Stopped) Object.assign(status, { network: "on", stopped: error.why });
    else if (error instanceof Unknown) Object.assign(status, { network: "off" });
    else throw error;
    if (!(error instanceof Stopped)) later(WAITS_S[Math.min(failures++, WAITS_S.length - 1)]);
  } finally {
    tell();
  }
}

// "<count>;<time of the oldest>" of what waits here; null for nothing.
async function waits() {
  const waiting = mine(await list()).filter(isWaiting);
  return waiting.length ? `${waiting.length};${waiting[0].occurred_at}` : null;
}

async function sendAll(csrf) {
  for (;;) {
    const { batch, picture, ripens } = next(mine(await list()), Date.now());
    if (batch.length) await send(batch, csrf);
    else if (picture) await sendPicture(picture, csrf);
    else return ripens ? later(ripens / 1000) : undefined;
  }
}

// What may go now. A step that waits for a person holds back later steps of its visit, and nothing else.
export function next(actions, now) {
  const lanes = new Map(), found = { batch: [], picture: null, ripens: 0 };
  for (const one of actions) lanes.set(one.visit_id, [...(lanes.get(one.visit_id) ?? []), one]);
  for (const lane of lanes.values()) {
    let isHeld = false;
    for (const one of lane) {
      if (one.state === "held" || one.state === "refused") isHeld ||= one.kind === "step";
      if (!isWaiting(one) || (isHeld && one.kind === "step") || one.parked || one.locked) continue;
      if (now - Date.parse(one.occurred_at) > OLD_MS && !one.confirmed) continue;
      if (!isRipe(one, now)) { found.ripens = found.ripens ? Math.min(found.ripens, one.not_before - now) : one.not_before - now; break; }
      if (one.file_id && !one.uploaded) { found.picture ??= one; break; }
      found.batch.push(one);
    }
  }
  found.batch.sort((one, other) => one.seq - other.seq);
  if (found.batch.some((one) => one.tries > 1)) found.batch.length = 1;
  found.batch.length = Math.min(found.batch.length, BATCH);
  return found;
}

async function send(ripe, csrf) {
  const actions = [], batch = [];
  const last = new Map();
  for (const old of ripe) {
    const one = await claim(old);
    if (!one) continue;
    batch.push(one);
    const after = last.get(one.visit_id) ?? (await get("meta", `last:${userId()}:${one.visit_id}`))?.value ?? null;
    const { id, device_id, visit_id, kind, body, file_id, replaces, occurred_at, clock_offset_ms, send_before } = one;
    actions.push({ id, device_id, visit_id, kind, body, file_id, replaces, occurred_at, clock_offset_ms, send_before, after });
    last.set(one.visit_id, id);
  }
  if (!batch.length) return;
  try {
    const { answers } = await post("/field/actions", { user_id: userId(), actions }, csrf);
    for (const [place, answer] of (answers ?? []).entries()) await take(batch[place], answer);
  } catch (error) {
    for (const one of batch) await update(one, { state: "saved", parked: isPoison(one, error) });
    throw error;
  }
  tell();
}

// The office answered, and each time in a way nobody understands: it steps aside, and a person may try it again.
const isPoison = (action, error) => error instanceof Unknown && action.tries >= POISON && /^\d/.test(error.message);

async function take(action, answer) {
  if (!answer || answer.id !== action.id) return update(action, { state: "saved" });
  const { outcome, code, words, choices, details } = answer;
  if (outcome === "waiting") {
    // What it waits for is not there: the picture is sent again, or the one before it is not known here any more.
    if (code === "earlier") await transact("readwrite", ({ meta }) => { meta.delete(`last:${userId()}:${action.visit_id}`); });
    await update(action, { state: "saved", uploaded: code !== "missing_upload" && action.uploaded });
    if (action.tries > 3) throw new Unknown("waiting");
    return undefined;
  }
  if (code !== "bad_action") await put("meta", { id: `last:${userId()}:${action.visit_id}`, value: action.id });
  if (outcome === "conflict") return settle(action, "held", { code, words, choices, details });
  if (outcome === "refused") return settle(action, "refused", { code, words, choices: ["discard"], details });
  return settle(action, "done", { code: outcome === "applied" ? code : outcome, words });
}

async function sendPicture(action, csrf) {
  const bytes = await bytesOf(action);
  const now = await get("actions", action.id);
  if (!now || !isWaiting(now) || now.uploaded) return undefined;  // another tab was quicker
  if (!bytes?.byteLength) return settle(action, "refused", { code: "no_bytes", words: "unreadable", choices: ["discard"], details: {} });
  const isAgain = action.tries > 0;
  await update(action, { tries: action.tries + 1 });
  let problem;
  try {
    problem = await upload(action.file_id, bytes, csrf, { isAgain, told: (there) => update(action, { there, tries: 1 }).then(tell) });
  } catch (error) {
    if (isPoison(action, error)) await update(action, { parked: true });
    throw error;
  }
  if (problem) return settle(action, "refused", { code: "upload", words: problem, choices: ["discard"], details: {} });
  await update(action, { uploaded: true, there: 0, tries: 0 });
  tell();
  return undefined;
}

// Throws away: what may be under way is asked back from the office, which says if it was too late.
export async function discard(action, forget) {
  const now = await get("actions", action.id);
  if (!now || (now.state === "saved" && now.tries === 0)) return forget(action);
  if (action.state === "held" || action.state === "refused") return forget(action);
  const { csrf } = await preflight();
  const answer = await post(`/field/actions/${action.id}/discarding`, { user_id: userId(), device_id: action.device_id }, csrf);
  if (answer.outcome !== "discarded") return take(action, answer).then(tell);
  await put("meta", { id: `last:${userId()}:${action.visit_id}`, value: action.id });
  return forget(action);
}

function later(seconds) {
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(() => drain(hooks.onPack), Math.max(200, seconds * 1000 * (0.9 + Math.random() * 0.2)));
}

export const hooks = { onPack: null };
export const hurry = () => { failures = 0; return drain(hooks.onPack); };

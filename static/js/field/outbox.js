// Keeps the outbox of actions on the phone: an action is written to disk first and counts as kept from then on. An action is {id, user_id,
// device_id, visit_id, who, kind, body, file_id, size, replaces, occurred_at, seq, not_before, send_before, state, tries, problem}. States:
// saved → sending → done | held (a person chooses) | refused. A tab that died while sending left "sending", which is "saved". What it says
// lies sealed in the store (seal.js); `locked`: it cannot be read before its owner has signed in.
import { open, openBytes, sealBytes, sealed } from "./seal.js";
import { all, get, put, remove, transact } from "./store.js";
import { userId } from "./words.js";

const KEPT_MS = 24 * 3600 * 1000, UNDO_MS = 6000;
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("field-outbox") : null;
const changed = new EventTarget();

export const onChange = (react) => {
  changed.addEventListener("change", react);
  tabs?.addEventListener("message", react);
};

export function tell() {
  changed.dispatchEvent(new Event("change"));
  tabs?.postMessage("changed");
}

export async function deviceId() {
  const known = await get("meta", "device");
  if (known) return known.value;
  const made = crypto.randomUUID();
  await transact("readwrite", ({ meta }) => { meta.add({ id: "device", value: made }); }).catch(() => null);
  return (await get("meta", "device"))?.value ?? made;
}

// Keeps an action with its bytes in one transaction. Throws QuotaExceededError where the phone is full.
export async function keep({ visit_id, who, kind, body, bytes = null, replaces = null, send_before = null, seq = null }) {
  const offset = (await get("meta", "clock"))?.offset_ms ?? 0, now = Date.now();
  const action = {
    id: crypto.randomUUID(), v: 1, user_id: userId(), device_id: await deviceId(), visit_id, who, kind, body, replaces, send_before,
    file_id: bytes ? crypto.randomUUID() : null, size: bytes?.byteLength ?? 0, uploaded: false, occurred_at: new Date(now).toISOString(),
    clock_offset_ms: offset, not_before: kind === "step" ? now + UNDO_MS : 0, state: "saved", tries: 0, problem: null,
  };
  const record = await sealed(action), kept = bytes && { id: action.file_id, bytes: await sealBytes(action.file_id, bytes) };
  await transact("readwrite", (stores) => {
    if (kept) stores.bytes.put(kept);
    stores.meta.get("seq").onsuccess = (event) => {
      const latest = event.target.result?.value ?? 0;
      record.seq = action.seq = seq ?? latest + 1;  // what a person decided about keeps its place
      stores.meta.put({ id: "seq", value: Math.max(latest, action.seq) });
      stores.actions.put(record);
    };
  });
  tell();
  return action;
}

export async function list() {
  return Promise.all((await all("actions")).sort((one, other) => one.seq - other.seq).map(open));
}

export const mine = (actions) => actions.filter((one) => one.user_id === userId());
export const isWaiting = (one) => one.state === "saved" || one.state === "sending";
export const needsPerson = (one) => one.state === "held" || one.state === "refused";

// Whether it may go now. A clock that was set back does not hold it up for longer than the time to undo.
export const isRipe = (one, now = Date.now()) => one.not_before <= now || one.not_before - now > UNDO_MS;

export async function update(action, values) {
  Object.assign(action, values);
  await put("actions", await sealed(action));
}

// Takes an action up for sending, as it stands now; null where somebody ended, discarded or sent it meanwhile.
export async function claim(action) {
  const taken = await transact("readwrite", ({ actions }, keep) => {
    actions.get(action.id).onsuccess = (event) => {
      const now = event.target.result;
      if (!now || !isWaiting(now)) return;
      Object.assign(now, { state: "sending", tries: now.tries + 1 });
      actions.put(now);
      keep(now);
    };
  });
  return taken ? open(taken) : null;
}

// Changes what it says while it never left. False: it is under way, or was sent.
export async function edit(action, body) {
  const record = await sealed({ ...action, body });
  const isChanged = await transact("readwrite", ({ actions }, keep) => {
    actions.get(action.id).onsuccess = (event) => {
      const now = event.target.result;
      if (!now || now.state !== "saved" || now.tries > 0) return;
      actions.put(record);
      keep(true);
    };
  });
  tell();
  return Boolean(isChanged);
}

// What the office has: the bytes go, the action stays a day to be looked at.
export async function settle(action, state, problem = null) {
  const record = await sealed(Object.assign(action, { state, problem, ended_at: Date.now() }));
  await transact("readwrite", (stores) => {
    stores.actions.put(record);
    if (state === "done" && action.file_id) stores.bytes.delete(action.file_id);
  });
}

export async function forget(action) {
  await transact("readwrite", (stores) => {
    stores.actions.delete(action.id);
    if (action.file_id) stores.bytes.delete(action.file_id);
  });
  tell();
}

// At the start of a page: what a dead tab left, and what lay long enough.
export async function tidy() {
  for (const action of await list()) {
    if (action.state === "done" && Date.now() - action.ended_at > KEPT_MS) await remove("actions", action.id);
  }
}

export const bytesOf = async (action) => openBytes(action.file_id, (await get("bytes", action.file_id))?.bytes);

// The key came: what was kept before it lies open, and is sealed now. Whatever changed meanwhile is left to the next time.
export async function sealRest() {
  for (const one of mine(await all("actions")).filter((action) => !action.sealed)) {
    const record = await sealed(one), bytes = one.file_id && await get("bytes", one.file_id);
    const kept = bytes && !bytes.bytes.data ? { ...bytes, bytes: await sealBytes(bytes.id, bytes.bytes) } : null;
    await transact("readwrite", (stores) => {
      stores.actions.get(one.id).onsuccess = (event) => {
        const now = event.target.result;
        if (!now || now.state !== one.state || now.tries !== one.tries) return;
        stores.actions.put(record);
        if (kept) stores.bytes.put(kept);
      };
    });
  }
  tell();
}

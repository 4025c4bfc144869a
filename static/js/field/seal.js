// Encrypts what lies on this phone (names, words, bytes) under the office's key for this person and phone (AES-GCM). The phone forgets it
// at sign-out; the next sign-in of the same person brings it back, and what could not be read meanwhile can be read again.
import { get, put, remove } from "./store.js";
import { userId } from "./words.js";

const SECRET = ["who", "body", "problem"], IV_BYTES = 12;
const opened = new Map();  // id → {iv, secret}: what was opened once
let known = null, isClosed = false;

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const bytesFrom = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const named = (id) => new TextEncoder().encode(id);

async function current() {
  const kept = await get("meta", "key");
  if (kept?.user_id !== userId()) return null;
  if (known?.text !== kept.text) known = { text: kept.text, key: await crypto.subtle.importKey("raw", bytesFrom(kept.text), "AES-GCM", false, ["encrypt", "decrypt"]) };
  return known.key;
}

// What the office gave; true if this phone did not have it.
export async function takeKey(text) {
  const kept = await get("meta", "key");
  if (isClosed || !text || (kept?.user_id === userId() && kept.text === text)) return false;
  await put("meta", { id: "key", user_id: userId(), text });
  opened.clear();
  return true;
}

// For this page it stays forgotten, also where an answer that brings it is still under way.
export async function forgetKey() {
  [known, isClosed] = [null, true];
  opened.clear();
  await remove("meta", "key");
}

// Of somebody who was here before.
export async function forgetForeignKey() {
  const kept = await get("meta", "key");
  if (kept && kept.user_id !== userId()) await remove("meta", "key");
}

// {iv, data} of bytes that belong to `id`; the bytes themselves while there is no key.
export async function sealBytes(id, bytes) {
  const key = await current(), iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  return key ? { iv: base64(iv), data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: named(id) }, key, bytes) } : bytes;
}

// The bytes again; null where they cannot be opened here and now.
export async function openBytes(id, kept) {
  if (!kept?.data) return kept ?? null;
  const key = await current();
  if (!key) return null;
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: bytesFrom(kept.iv), additionalData: named(id) }, key, kept.data).catch(() => null);
}

export async function sealed(action) {
  const { sealed: _before, locked: _locked, ...plain } = action, secret = {};
  for (const name of SECRET) { secret[name] = plain[name]; delete plain[name]; }
  const kept = await sealBytes(action.id, new TextEncoder().encode(JSON.stringify(secret)));
  return kept.data ? { ...plain, sealed: kept } : { ...plain, ...secret };
}

// The action with its words; `locked` where they cannot be read: no key, or another one.
export async function open(record) {
  if (!record.sealed) return record;
  const { sealed: kept, ...plain } = record, before = opened.get(record.id);
  if (before?.iv === kept.iv) return { ...plain, ...structuredClone(before.secret) };
  const bytes = record.user_id === userId() ? await openBytes(record.id, kept) : null;
  if (!bytes) return { ...plain, sealed: kept, who: "", body: {}, problem: null, locked: true };
  const secret = JSON.parse(new TextDecoder().decode(bytes));
  opened.set(record.id, { iv: kept.iv, secret });
  return { ...plain, ...structuredClone(secret) };
}

// Keeps the offline pack: the pages of today and tomorrow with the files they name, all of them or none. It belongs to one person and goes
// when that person signs out, when somebody else signs in, or when the office says so. The outbox is never part of it.
import { userId } from "./words.js";

const POINTER = "field-pointer", CURRENT = "/field/current", OLD_MS = 36 * 3600 * 1000, AT_ONCE = 4;

export async function refresh(told) {
  if (told.keeps === false) return forgetPack();
  if (!("caches" in window) || !told.pages) return undefined;
  const name = `field-pack-${told.user_id}-${told.pack}-${Date.now()}`, cache = await caches.open(name);
  try {
    const wanted = [...told.assets, "/field/offline", ...told.pages, ...(told.pictures ?? [])];
    await inTurns(wanted, (url) => fetchInto(cache, url, told));
  } catch (error) {
    await caches.delete(name);
    if (error instanceof TypeError || error instanceof Incomplete) return undefined;
    throw error;
  }
  if (!await caches.has(name)) return undefined;  // another tab kept a newer one meanwhile
  const there = JSON.stringify({ cache: name, user_id: told.user_id, pack: told.pack, made_at: Date.now() });
  await (await caches.open(POINTER)).put(CURRENT, new Response(there, { headers: { "Content-Type": "application/json" } }));
  for (const other of await caches.keys()) if (other.startsWith("field-pack-") && Number(other.split("-").at(-1)) < Number(name.split("-").at(-1))) await caches.delete(other);
  return undefined;
}

// {cache, user_id, pack, made_at} of the whole pack that is there; null for none.
export async function pointer() {
  const kept = "caches" in window && await (await caches.open(POINTER)).match(CURRENT);
  return kept ? kept.json() : null;
}

class Incomplete extends Error {}

async function fetchInto(cache, url, told) {
  const answer = await fetch(url, { credentials: "same-origin", cache: url.startsWith("/static/") ? "default" : "no-store" });
  const isPage = url.startsWith("/visits/") || told.pages.includes(url);
  if (!answer.ok || answer.redirected || (isPage && answer.headers.get("X-Field-User") !== told.user_id)) throw new Incomplete(url);
  await cache.put(url, answer);
}

async function inTurns(items, work) {
  const queue = [...items];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { while (queue.length) await work(queue.shift()); }));
}

export async function forgetPack() {
  if (!("caches" in window)) return;
  for (const name of await caches.keys()) if (name.startsWith("field-")) await caches.delete(name);
}

// A page out of somebody else's pack, or one that is too old, is not shown.
export async function check() {
  const known = await pointer();
  if (known && known.user_id !== userId()) await forgetPack();
  const age = Date.now() - Date.parse(document.documentElement.dataset.made);
  return age > OLD_MS ? "old" : "fresh";
}

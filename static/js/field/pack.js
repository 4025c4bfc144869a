// The pack: the pages of today and tomorrow with the very files they name, all of them or none. It belongs to one person and goes when
// that person signs out, when somebody else signs in, or when the office says so. The outbox is never part of it.
import { get, put, remove } from "./store.js";
import { userId } from "./words.js";

const POINTER = "field-pointer", CURRENT = "/field/current", OLD_MS = 36 * 3600 * 1000, AT_ONCE = 4;

export async function refresh(told) {
  if (!("caches" in window)) return;
  if (!told.pages) return put("meta", { ...(await get("meta", "pack")), id: "pack", checked_at: Date.now() });
  const name = `field-pack-${told.user_id}-${told.pack}-${Date.now()}`, cache = await caches.open(name);
  try {
    const wanted = [...told.assets, "/field/offline", ...told.pages];
    await inTurns(wanted, (url) => fetchInto(cache, url, told));
  } catch (error) {
    await caches.delete(name);
    if (error instanceof TypeError || error instanceof Incomplete) return undefined;
    throw error;
  }
  const pointer = { cache: name, user_id: told.user_id, pack: told.pack, made_at: Date.now() };
  await (await caches.open(POINTER)).put(CURRENT, new Response(JSON.stringify(pointer), { headers: { "Content-Type": "application/json" } }));
  await put("meta", { id: "pack", user_id: told.user_id, pack: told.pack, checked_at: Date.now() });
  for (const other of await caches.keys()) if (other.startsWith("field-pack-") && other !== name) await caches.delete(other);
  return undefined;
}

class Incomplete extends Error {}

async function fetchInto(cache, url, told) {
  const answer = await fetch(url, { credentials: "same-origin", cache: url.startsWith("/static/") ? "default" : "no-store" });
  const isPage = told.pages.includes(url);
  if (!answer.ok || answer.redirected || (isPage && answer.headers.get("X-Field-User") !== told.user_id)) throw new Incomplete(url);
  await cache.put(url, answer);
}

async function inTurns(items, work) {
  const queue = [...items];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { while (queue.length) await work(queue.shift()); }));
}

export async function forgetPack() {
  await remove("meta", "pack").catch(() => null);
  if (!("caches" in window)) return;
  for (const name of await caches.keys()) if (name.startsWith("field-")) await caches.delete(name);
}

// A page out of somebody else's pack, or one that is too old, is not shown.
export async function check() {
  if (!("caches" in window)) return "fresh";
  const kept = await (await caches.open(POINTER)).match(CURRENT), pointer = kept && await kept.json();
  if (pointer && pointer.user_id !== userId()) await forgetPack();
  const age = Date.now() - Date.parse(document.documentElement.dataset.made);
  return age > OLD_MS ? "old" : "fresh";
}

// Shows what is pushed, and leads to it. And where there is no network it answers a technician's pages out of the pack that
// static/js/field/pack.js put there: /today and /visits/…, with the very files they name. Nothing else is answered here, and nothing is
// remembered: this file may be replaced at any moment.
const PLAIN = { title: "Switchyard", body: "", tag: "switchyard", url: "/notifications", thread: "" };

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const POINTER = "field-pointer", CURRENT = "/field/current", LIMIT_MS = 2500;
const isFieldPage = (url) => url.pathname === "/today" || url.pathname.startsWith("/visits/");
const isSmallPicture = (url) => /^\/visits\/[^/]+\/files\//.test(url.pathname) && url.search === "?size=small";
const isAsset = (url) => /^\/static\/(js\/field\/|css\/(tokens|base|features\/field)\.css|img\/)/.test(url.pathname);

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method === "POST" && url.pathname === "/sign-out") return void event.waitUntil(forgetPack());
  if (request.method !== "GET") return;
  if (request.mode === "navigate" && isFieldPage(url)) event.respondWith(pageOf(event, url));
  else if (isAsset(url) || isSmallPicture(url)) event.respondWith(assetOf(request));
});

// {cache, user_id, made_at} of the whole pack that is there; null for none.
async function pointer() {
  const kept = await (await caches.open(POINTER)).match(CURRENT);
  return kept ? kept.json() : null;
}

async function forgetPack() {
  for (const name of await caches.keys()) if (name.startsWith("field-")) await caches.delete(name);
}

// A slow network is waited for, unless the page is kept here.
async function pageOf(event, url) {
  const abort = new AbortController(), late = setTimeout(async () => { if (await keptPage(url)) abort.abort(); }, LIMIT_MS);
  try {
    const answer = await fetch(event.request, { signal: abort.signal });
    clearTimeout(late);
    event.waitUntil(answer.type === "opaqueredirect" || answer.redirected ? forgetIfClosed() : forgetForeign(answer));
    return answer.status >= 500 ? await keptPage(url) ?? answer : answer;
  } catch {
    clearTimeout(late);
    return await keptPage(url) ?? await keptPage(new URL("/field/offline", url)) ?? Response.error();
  }
}

async function keptPage(url) {
  const known = await pointer();
  if (!known) return undefined;
  return (await caches.open(known.cache)).match(url.pathname, { ignoreVary: true });
}

// Somebody else is signed in here now: what is kept of the one before goes.
async function forgetForeign(answer) {
  const user = answer.headers.get("X-Field-User"), known = await pointer();
  if (user && known && known.user_id !== user) await forgetPack();
}

// Signed out: where the office closed this phone, what is kept goes.
async function forgetIfClosed() {
  const answer = await fetch("/field/pack", { credentials: "same-origin", cache: "no-store" });
  if (answer.status === 401 && (await answer.json()).code === "wipe") await forgetPack();
}

async function assetOf(request) {
  const known = await pointer();
  const kept = known && await (await caches.open(known.cache)).match(request);
  return kept ?? fetch(request);
}

const windows = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });
const shows = (client, thread) => thread && new URL(client.url).pathname.startsWith(thread);

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

async function show(data) {
  const told = { ...PLAIN, ...read(data) };
  for (const client of await windows()) client.postMessage({ pushed: told.thread });
  // Whoever has the thread before them sees it there.
  if ((await windows()).some((client) => client.visibilityState === "visible" && shows(client, told.thread))) return;
  await self.registration.showNotification(told.title, {
    body: told.body, tag: told.tag, lang: told.lang, icon: "/static/img/touch-icon-180.png", badge: "/static/img/favicon-32.png",
    data: { url: told.url, thread: told.thread },
  });
}

function read(data) {
  try { return data.json(); } catch { return {}; }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data ?? PLAIN));
});

// The tab that shows the thread comes to the front and goes to the very item; else any tab of ours does; else a new one.
async function open({ url, thread }) {
  const target = new URL(url, self.location.origin);
  if (target.origin !== self.location.origin) return;
  const open = await windows();
  for (const client of [...open.filter((one) => shows(one, thread)), ...open]) {
    const front = await client.focus().catch(() => null);
    if (front && await front.navigate(target.href).catch(() => null)) return;
  }
  await self.clients.openWindow(target.href);
}

// The browser made a new subscription of its own accord: the old one is worth nothing from now on.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function renew({ oldSubscription, newSubscription }) {
  if (!oldSubscription) return;
  const options = oldSubscription.options;
  const fresh = newSubscription ?? await self.registration.pushManager.subscribe(options).catch(() => null);
  const { token } = await (await fetch("/settings/notifications/key", { credentials: "same-origin", headers: { Accept: "application/json" } })).json();
  await fetch("/settings/notifications/devices/renewal", {
    method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ old: oldSubscription.endpoint, subscription: fresh }),
  });
}

// Shows what is pushed, and leads to it. It keeps nothing and answers no page: without it everything works but being told here.
const PLAIN = { title: "Switchyard", body: "", tag: "switchyard", url: "/notifications", thread: "" };

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const windows = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });
const shows = (client, thread) => thread && new URL(client.url).pathname.startsWith(thread);

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

async function show(data) {
  const told = { ...PLAIN, ...read(data) };
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

// Subscribes this browser to push notifications, and notices when its subscription changed. What it was told by is kept under KEY, so that
// a page notices when the browser made another subscription, or when somebody else signed in here.
import { post } from "./http.js";

const KEY = "push-endpoint", WORKER = "/sw.js";

export const canPush = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

export async function currentSubscription() {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return await registration?.pushManager.getSubscription() ?? null;
}

// Throws what the browser throws; the server's refusal as an Error with its words.
export async function subscribe(keyUrl, devicesUrl) {
  await navigator.serviceWorker.register(WORKER, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  const { key } = await (await fetch(keyUrl, { credentials: "same-origin", headers: { Accept: "application/json" } })).json();
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const answer = await post(devicesUrl, new Blob([JSON.stringify(subscription)], { type: "application/json" }));
  if (!answer.ok) {
    await subscription.unsubscribe();
    throw new Error((await answer.json()).problem);
  }
  remember(subscription.endpoint);
}

export async function unsubscribe(devicesUrl) {
  const subscription = await currentSubscription();
  if (subscription) await renew(devicesUrl, subscription.endpoint, null);
  await subscription?.unsubscribe();
  remember(null);
}

// Whether the server tells this browser; it hears which subscription holds now.
export async function isKnown(devicesUrl, subscription) {
  const answer = await renew(devicesUrl, localStorage.getItem(KEY) ?? subscription.endpoint, subscription);
  if (answer.status === 204) remember(subscription.endpoint);
  return answer.status === 204;
}

// Once for each tab: the subscription that is known here, as it is now.
export async function keepDevice() {
  const known = localStorage.getItem(KEY);
  if (!known || !canPush() || sessionStorage.getItem(KEY) === known || !document.querySelector("[data-bell]")) return;
  sessionStorage.setItem(KEY, known);
  const subscription = await currentSubscription();
  const answer = await renew("/settings/notifications/devices", known, subscription).catch(() => null);
  if (answer?.status === 204) remember(subscription.endpoint);
  if (answer?.status !== 410) return;
  await subscription?.unsubscribe();
  remember(null);
}

function renew(devicesUrl, old, subscription) {
  return post(`${devicesUrl}/renewal`, new Blob([JSON.stringify({ old, subscription })], { type: "application/json" }));
}

function remember(endpoint) {
  for (const store of [localStorage, sessionStorage]) endpoint ? store.setItem(KEY, endpoint) : store.removeItem(KEY);
}

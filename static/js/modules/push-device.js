// Shows and switches whether this browser gets push notifications.
import { canPush, currentSubscription, isKnown, subscribe, unsubscribe } from "../lib/device.js";

export default async function bindDevice(place) {
  const { keyUrl, devicesUrl, failed } = place.dataset, problem = place.querySelector("[data-problem]");
  const show = (state) => { for (const part of place.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state; };

  place.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-switch]");
    if (!button || button.disabled) return;
    button.disabled = true;
    problem.hidden = true;
    try {
      if (button.dataset.switch === "off") await unsubscribe(devicesUrl);
      else if (await Notification.requestPermission() === "granted") await subscribe(keyUrl, devicesUrl);
      if (Notification.permission !== "default") location.reload();
    } catch (error) {
      problem.textContent = failed.replace("WHY", error.message || error.name);
      problem.hidden = false;
    }
    button.disabled = false;
  });

  if (!window.isSecureContext) return show("insecure");
  if (!canPush()) return show("unsupported");
  if (Notification.permission === "denied") return show("denied");
  const subscription = await currentSubscription();
  show(subscription && await isKnown(devicesUrl, subscription) ? "on" : "off");
}

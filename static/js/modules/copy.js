// Copies the text of the element whose id is in data-copy, and says so in the button's label.
import { announce } from "../lib/announce.js";

export default function bindCopy(button) {
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  if (!navigator.clipboard) return button.remove(); // a page that is not on https or loopback may not
  if (!navigator.clipboard) return button.remove(); // a page that is not on https or loopback may not
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText((source?.value ?? source?.textContent ?? "").trim());
    label.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    setTimeout(() => { label.textContent = before; }, 2_000);
  });
}

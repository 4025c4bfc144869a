// Updates the SMS counters under a text while one types.
import { countSms } from "../lib/sms.js";

const MOST_NAMED = 8;

export default function smsCount(line) {
  const text = line.closest("form")?.querySelector("textarea[name=text]");
  if (!text) return;
  const show = (name, value) => { const place = line.querySelector(`[data-sms=${name}]`); if (place) place.textContent = value; };
  const follow = () => {
    const counted = countSms(text.value);
    for (const name of ["characters", "parts", "left", "encoding"]) show(name, counted[name]);
    show("misfits", named(counted.misfits));
    show("price", price(line.dataset, counted.parts));
    line.querySelector("[data-sms-misfits]").hidden = !counted.misfits.length;
    for (const button of line.querySelectorAll("[data-sms-plainer]")) button.hidden = !counted.misfits.length;
  };
  text.addEventListener("input", follow);
  follow();
}

// Characters for people to read; what one cannot see as ␣.
function named(characters) {
  const shown = characters.slice(0, MOST_NAMED).map((one) => (/[\p{Z}\p{C}]/u.test(one) ? "␣" : one));
  return [...shown, ...(characters.length > MOST_NAMED ? ["…"] : [])].join(" ");
}

function price({ price: amount, currency }, parts) {
  const style = { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: 4 };
  return amount ? new Intl.NumberFormat(document.documentElement.lang, style).format(amount * parts) : "";
}

// Keeps relative times true while the page is open: <time data-relative datetime="…">2 h ago</time>. The server wrote the first words; this
// one only writes them again, in the page's language.

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

export function relative(date, now, locale) {
  const seconds = (date - now) / 1000;
  const words = new Intl.RelativeTimeFormat(locale, { style: "short", numeric: "auto" });
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return words.format(0, "minute");
}

function refresh() {
  const now = Date.now();
  const locale = document.documentElement.lang || "en";
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = relative(Date.parse(element.dateTime), now, locale);
    if (element.textContent !== text) element.textContent = text;
  }
}

// The whole date and time of a <time data-exact> is worked out when somebody points at it, in the reader's zone.
function tellExactly(event) {
  const element = event.target.closest?.("time[data-exact]:not([title])");
  if (!element) return;
  const options = { dateStyle: "full", timeStyle: "medium", timeZone: document.body.dataset.zone };
  element.title = new Intl.DateTimeFormat(document.documentElement.lang || "en", options).format(Date.parse(element.dateTime));
}

export function keepTimesFresh() {
  document.addEventListener("pointerover", tellExactly);
  setInterval(() => { if (!document.hidden) refresh(); }, 60_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}

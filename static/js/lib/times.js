// Keeps <time data-relative datetime="…">2 h ago</time> true while the page stays open. The server wrote the first words;
// this one only writes them again, in the page's language.

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

export function keepTimesFresh() {
  setInterval(() => { if (!document.hidden) refresh(); }, 60_000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}

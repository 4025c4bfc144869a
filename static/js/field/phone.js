// Keeps settings of this phone alone: which map app shows the way, and the look for bright sun.
const MAPS = "field-maps", SUN = "field-sun";
const WAYS = {
  google: (to) => `https://www.google.com/maps/dir/?api=1&travelmode=driving&destination=${to}`,
  apple: (to) => `https://maps.apple.com/?daddr=${to}&dirflg=d`,
  waze: (to) => `https://waze.com/ul?navigate=yes&${/^-?[\d.]+%2C-?[\d.]+$/.test(to) ? "ll" : "q"}=${to}`,
  geo: (to) => `geo:0,0?q=${to}`,
};

export function bindPhone() {
  const maps = document.querySelector("[data-maps]"), sun = document.querySelector("[data-sun]");
  pointTo(kept(MAPS));
  if (!maps) return;
  maps.hidden = sun.hidden = false;
  const chosen = maps.querySelector(`[value="${kept(MAPS) ?? "google"}"]`), box = sun.querySelector("input");
  if (chosen) chosen.checked = true;
  maps.addEventListener("change", (event) => { keep(MAPS, event.target.value); pointTo(event.target.value); });
  box.checked = Boolean(kept(SUN));
  box.addEventListener("change", () => {
    if (keep(SUN, box.checked ? "on" : "")) location.reload();
    else document.documentElement.dataset.theme = box.checked ? "sun" : "system";
  });
}

function pointTo(app) {
  for (const link of WAYS[app] ? document.querySelectorAll("[data-place]") : []) link.href = WAYS[app](encodeURIComponent(link.dataset.place));
}

// False where this browser keeps nothing: then it holds for this page alone.
function keep(name, value) {
  try { localStorage.setItem(name, value); return true; } catch { return false; }
}

function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

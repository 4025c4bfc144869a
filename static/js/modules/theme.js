// Tries a theme at once by radio button; the form still saves it. "system" follows the device.

export default function bindTheme(form) {
  form.addEventListener("change", ({ target }) => { if (target.name === "theme") show(target.value); });
  const early = [...form.querySelectorAll("[name=theme]:checked")].find((radio) => !radio.defaultChecked);
  if (early) show(early.value); // chosen before this was bound
}

function show(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

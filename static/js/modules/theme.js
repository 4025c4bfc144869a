// Radio buttons or a select that try a theme at once; the form still saves it. "system" follows the device.

export default function bindTheme(form) {
  form.addEventListener("change", (event) => {
    if (event.target.name !== "theme") return;
    if (event.target.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = event.target.value;
  });
}

// Scans a serial number from a photo of its bar or QR code, where the browser can.
import { word } from "./words.js";

export function bindScan(label, say) {
  if (!("BarcodeDetector" in window)) return;
  const input = label.querySelector("input"), field = label.closest("form").elements.text;
  label.hidden = false;
  input.addEventListener("change", async () => {
    const [file] = input.files;
    try {
      const picture = await createImageBitmap(file), [code] = await new window.BarcodeDetector().detect(picture);
      picture.close();
      if (code) field.value = code.rawValue;
      else say(word("no_code"));
    } catch {
      say(word("no_code"));
    }
    input.value = "";
    field.focus();
  });
}

// Runs the editor of a template with formatting: the editor of a mail, without files.
import { richText } from "../lib/rich.js";

export default function templateEditor(form) {
  const ownPlain = form.querySelector("[data-own-plain]"), html = form.querySelector("input[name=html]");
  richText(form, () => {}, { remembers: false });
  const show = () => { if (ownPlain) ownPlain.hidden = !html.value; };
  form.addEventListener("input", show);
  show();
}

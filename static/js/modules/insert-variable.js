// Inserts a clicked template variable into the text where the cursor is.
import { insertText, writingField } from "../lib/insert.js";

export default function insertVariable(list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]"), field = document.getElementById(list.dataset.into);
    if (button && field) insertText(field.hidden ? writingField(field.form) : field, button.dataset.insert);
  });
}

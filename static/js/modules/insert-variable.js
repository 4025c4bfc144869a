// A list of variables: a click puts one into the text (the field named by data-into) where the cursor is.
import { insertText } from "../lib/insert.js";

export default function insertVariable(list) {
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]"), field = document.getElementById(list.dataset.into);
    if (button && field) insertText(field, button.dataset.insert);
  });
}

// Put text into a field where its cursor is, so that undo takes it back and whoever listens for typing hears it.
export function insertText(field, text) {
  field.focus();
  // The only way that keeps the field's own undo history; where it is refused, the text is set without one.
  if (document.execCommand?.("insertText", false, text)) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
}

// Inserts text where the cursor is: in a textarea, or in the editor over it. Text goes in where its cursor is, so that undo takes it back
// and whoever listens for typing hears it.
import { elementsOf } from "./http.js";
import { textToHtml } from "./rich-html.js";

const carets = new WeakMap(); // where the cursor stood in an editor when it lost the focus

export function writingField(form) {
  return form.querySelector("[data-rich]:not([hidden]) [contenteditable]") ?? form.querySelector("textarea[name=text]");
}

export function rememberCaret(editor) {
  const selection = getSelection();
  if (selection.rangeCount && editor.contains(selection.anchorNode)) carets.set(editor, selection.getRangeAt(0).cloneRange());
}

// The range where the cursor is or was; the end of the text if it was nowhere yet.
export function caretOf(editor) {
  rememberCaret(editor); // if it is there now: the browser tells of its moves a little late
  const kept = carets.get(editor);
  if (kept && editor.contains(kept.startContainer)) return kept;
  const end = document.createRange();
  end.selectNodeContents(editor.lastElementChild ?? editor);
  end.collapse(false);
  return end;
}

export function restoreCaret(editor) {
  const range = caretOf(editor).cloneRange();
  editor.focus({ preventScroll: true });
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

export function insertText(field, text) {
  if (field.isContentEditable) return insertIntoEditor(field, text);
  field.focus();
  // The only way that keeps the field's own undo history; where it is refused, the text is set without one.
  if (document.execCommand?.("insertText", false, text)) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
}

function insertIntoEditor(editor, text) {
  restoreCaret(editor);
  if (text.startsWith("\n\n")) document.execCommand("insertParagraph");
  const words = text.replace(/^\n+/, "");
  if (words.includes("\n")) insertHtml(editor, textToHtml(words));
  else document.execCommand("insertText", false, words);
}

// Formatted text of ours, behind the gap a text would have.
export function insertFormatted(editor, html) {
  const gap = gapBefore(editor);
  restoreCaret(editor);
  if (gap) document.execCommand("insertParagraph");
  insertHtml(editor, html);
}

// Blocks go between paragraphs, never into one: the browser would mix the two by style attributes, which no page of ours allows.
export function insertHtml(editor, html) {
  const only = /^<p>((?:(?!<p>).)*)<\/p>$/s.exec(html), blocks = !only && html.startsWith("<");
  if (blocks && !getSelection().isCollapsed) document.execCommand("delete");
  if (blocks && hasWords(editor, "before")) document.execCommand("insertParagraph");
  if (blocks && hasWords(editor, "behind")) {
    document.execCommand("insertParagraph");
    getSelection().modify("move", "backward", "character");
  }
  if (blocks) document.execCommand("insertHTML", false, html);
  else insertWords(elementsOf(only ? only[1] : html), { bold: false, italic: false });
}

// Into a paragraph, word by word as if they were typed: for the same reason.
function insertWords(nodes, state) {
  for (const node of nodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      for (const name of ["bold", "italic"]) if (document.queryCommandState(name) !== state[name]) document.execCommand(name);
      document.execCommand("insertText", false, node.data);
    } else if (node.matches("strong")) insertWords(node.childNodes, { ...state, bold: true });
    else if (node.matches("em")) insertWords(node.childNodes, { ...state, italic: true });
    else if (node.matches("br")) document.execCommand("insertLineBreak");
    else document.execCommand("insertHTML", false, node.outerHTML);
  }
}

// Whether the block of the cursor has words before it ("before") or behind it ("behind").
function hasWords(editor, side) {
  const caret = caretOf(editor), part = document.createRange();
  part.selectNodeContents(blockAt(editor));
  if (side === "before") part.setEnd(caret.startContainer, caret.startOffset);
  else part.setStart(caret.endContainer, caret.endOffset);
  return part.toString().trim() !== "";
}

export function onEmptyLine(field) {
  if (field.isContentEditable) return blockAt(field).textContent.trim() === "" && getSelection().isCollapsed;
  const { selectionStart: start, selectionEnd: end, value } = field;
  return start === end && (start === 0 || value[start - 1] === "\n") && (start === value.length || value[start] === "\n");
}

// Behind a last line with words on it a template begins a paragraph of its own.
export function gapBefore(field) {
  if (field.isContentEditable) return blockAt(field) === (field.lastElementChild ?? field) && blockAt(field).textContent.trim() ? "\n\n" : "";
  const { selectionStart: start, value } = field;
  return start === value.length && value !== "" && !value.endsWith("\n") ? "\n\n" : "";
}

function blockAt(editor) {
  let node = caretOf(editor).startContainer;
  while (node !== editor && node.parentNode !== editor) node = node.parentNode;
  return node;
}

// The first place that fits `pattern` is selected, so that the next thing typed replaces it.
export function selectFirst(field, pattern) {
  if (field.isContentEditable) return selectInEditor(field, pattern);
  const found = pattern.exec(field.value);
  if (found) field.setSelectionRange(found.index, found.index + found[0].length);
}

function selectInEditor(editor, pattern) {
  const texts = document.createTreeWalker(editor, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const found = pattern.exec(texts.currentNode.data);
    if (!found) continue;
    getSelection().setBaseAndExtent(texts.currentNode, found.index, texts.currentNode, found.index + found[0].length);
    return;
  }
}

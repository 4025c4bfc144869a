// Makes the toolbar over the rich-text editor, and its keys. The browser's own commands do the work, so that its undo takes each of them
// back.
import { rememberCaret, restoreCaret } from "./insert.js";
import { escaped, linkAddress } from "./rich-html.js";

const KEYS = { b: "bold", i: "italic" };
const NATIVE = { bold: "bold", italic: "italic", bullets: "insertUnorderedList", numbers: "insertOrderedList" };
const PARTS = { quote: "blockquote", code: "code", link: "a" };

export function toolbar(box, editor) {
  const bar = box.querySelector("[role=toolbar]"), buttons = [...bar.querySelectorAll("button")];
  const row = box.querySelector("[data-rich-link]"), address = row.querySelector("input"), wrong = row.querySelector("[role=alert]");

  function within(selector) {
    const { anchorNode: node } = getSelection(), element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    const found = editor.contains(element) ? element?.closest(selector) : null;
    return found && editor.contains(found) ? found : null;
  }

  const native = (name) => document.execCommand(NATIVE[name]);
  const commands = {
    bold: () => native("bold"),
    italic: () => native("italic"),
    bullets: () => keepingPlace(() => native("bullets")),
    numbers: () => keepingPlace(() => native("numbers")),
    quote: () => document.execCommand(within("blockquote") ? "outdent" : "formatBlock", false, "blockquote"),
    code: toggleCode,
    link: openLink,
    clear: () => {
      document.execCommand("removeFormat");
      document.execCommand("unlink");
      for (const name of ["bullets", "numbers"]) if (document.queryCommandState(NATIVE[name])) native(name);
      if (within("blockquote")) document.execCommand("outdent");
    },
  };

  function run(name) {
    restoreCaret(editor);
    commands[name]();
    look();
  }

  // Chromium puts the cursor before the words it makes a list of.
  function keepingPlace(act) {
    const selection = getSelection(), { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
    const inWords = [anchorNode, focusNode].every((node) => node?.nodeType === Node.TEXT_NODE && node.data.trim());
    const [from, to] = [charactersBefore(anchorNode, anchorOffset), charactersBefore(focusNode, focusOffset)];
    act();
    if (inWords) selection.setBaseAndExtent(...characterAt(from), ...characterAt(to));
  }

  function charactersBefore(node, offset) {
    const before = document.createRange();
    before.setStart(editor, 0);
    if (node && editor.contains(node)) before.setEnd(node, offset);
    return before.toString().length;
  }

  // The text node and the place in it after so many characters of the whole text.
  function characterAt(count) {
    const texts = document.createTreeWalker(editor, NodeFilter.SHOW_TEXT);
    let left = count, last = [editor, 0];
    while (texts.nextNode()) {
      last = [texts.currentNode, Math.min(left, texts.currentNode.length)];
      if (left <= texts.currentNode.length) break;
      left -= texts.currentNode.length;
    }
    return last;
  }

  function toggleCode() {
    const inside = within("code"), selection = getSelection();
    if (inside) selection.selectAllChildren(inside);
    else if (selection.isCollapsed) { selection.modify("move", "backward", "word"); selection.modify("extend", "forward", "word"); }
    const words = selection.toString(), range = selection.getRangeAt(0), next = range.endContainer.data?.[range.endOffset] ?? "";
    if (inside) document.execCommand("removeFormat");
    else if (words.trim() && !words.includes("\n")) document.execCommand("insertHTML", false, `<code>${escaped(words)}</code>${next ? "" : "&nbsp;"}`);
  }

  function openLink() {
    rememberCaret(editor);
    address.value = within("a")?.getAttribute("href") ?? "";
    say("");
    row.hidden = false;
    address.focus();
    address.select();
  }

  function closeLink() {
    row.hidden = true;
    restoreCaret(editor);
  }

  function setLink() {
    const wanted = address.value.trim(), target = linkAddress(wanted);
    if (wanted && !target) { say(wrong.dataset.wrong); address.focus(); return; }
    closeLink();
    const inside = within("a"), selection = getSelection();
    if (inside) selection.selectAllChildren(inside);
    if (!target) document.execCommand("unlink");
    else if (selection.isCollapsed) document.execCommand("insertHTML", false, `<a href="${escaped(target)}">${escaped(wanted)}</a>&nbsp;`);
    else {
      document.execCommand("createLink", false, target);
      selection.collapseToEnd();
    }
    look();
  }

  function say(words) {
    wrong.textContent = words;
    address.toggleAttribute("aria-invalid", Boolean(words));
  }

  // Which of them hold where the cursor is.
  function look() {
    for (const button of buttons) {
      const name = button.dataset.richCommand;
      if (name === "clear") continue;
      const holds = NATIVE[name] ? document.queryCommandState(NATIVE[name]) : within(PARTS[name]) !== null;
      button.setAttribute("aria-pressed", String(holds));
    }
  }

  function follow() {
    if (!editor.isConnected) document.removeEventListener("selectionchange", follow);
    else if (editor.contains(getSelection().anchorNode)) look();
  }

  function step(event) {
    const at = buttons.indexOf(document.activeElement), to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    const next = buttons.at(to % buttons.length);
    next.tabIndex = 0;
    next.focus();
  }

  function press(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    const key = event.key.toLowerCase(), name = event.shiftKey ? (key === "k" ? "link" : "") : KEYS[key];
    if (!name && (event.shiftKey || key !== "u")) return;
    event.preventDefault(); // underlined words look like links: there is no such thing here
    if (name) run(name);
  }

  bar.addEventListener("pointerdown", (event) => event.preventDefault()); // the editor keeps the focus
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rich-command]");
    if (button) run(button.dataset.richCommand);
  });
  bar.addEventListener("keydown", step);
  editor.addEventListener("keydown", press);
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") closeLink();
    else setLink();
  });
  row.querySelector("[data-link-set]").addEventListener("click", setLink);
  document.addEventListener("selectionchange", follow);
}

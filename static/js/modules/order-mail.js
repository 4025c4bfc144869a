// Connects a mail with its form under review: highlights where a field was read, takes selected text.
export default function bindOrderMail(page) {
  const form = page.querySelector("[data-accept]"), text = page.querySelector("[data-text]");
  const fieldOf = (path) => page.querySelector(`[data-path="${path}"]`);
  let lit = null;
  const light = (field) => {
    lit = field;
    for (const mark of page.querySelectorAll("[data-mark]")) mark.classList.toggle("is-lit", mark.dataset.mark === field.dataset.path);
  };
  const put = (value) => { lit.value = value; lit.focus(); };
  page.addEventListener("focusin", (event) => { if (event.target.matches("[data-path]")) light(event.target); });
  page.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-mark]"), other = event.target.closest("[data-other]");
    if (other) { light(fieldOf(other.dataset.other)); put(other.dataset.value); }
    else if (mark && getSelection().isCollapsed) fieldOf(mark.dataset.mark)?.focus();
  });
  page.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
    if (event.altKey && /^[1-9]$/.test(event.key) && lit) {
      const others = page.querySelectorAll(`[data-other="${lit.dataset.path}"]`), chosen = others[Number(event.key) - 1];
      if (chosen) { event.preventDefault(); put(chosen.dataset.value); }
    }
  });
  document.addEventListener("keydown", (event) => {
    const selection = getSelection();
    if (event.key !== "Enter" || event.ctrlKey || !lit || !page.isConnected || selection.isCollapsed || !text.contains(selection.anchorNode)) return;
    event.preventDefault();
    put(selection.toString().trim());
    selection.removeAllRanges();
  });
  if (document.activeElement?.matches("[data-path]")) light(document.activeElement);
}

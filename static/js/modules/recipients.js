// Shows recipient addresses as chips, each removable; a bad one is marked. The field itself stays what the form sends.
const ADDRESS = /^[^\s<>"',;:()[\]\\@]{1,64}@([^\s<>"',;:()[\]\\@.]+\.)+[^\s<>"',;:()[\]\\@.]{2,63}$/;

export default function recipients(box) {
  const field = box.querySelector("input"), entry = field.cloneNode();
  const hadFocus = field === document.activeElement, isBegun = hadFocus && field.value !== field.defaultValue;
  field.type = "hidden";
  field.removeAttribute("id");
  entry.removeAttribute("name");
  entry.removeAttribute("data-mail-field");
  box.append(entry);
  let kept = split(field.value);
  // Who began to type before this module had come goes on in the same word.
  entry.value = isBegun ? kept.pop() ?? "" : "";
  if (hadFocus) entry.focus({ preventScroll: true });
  entry.setSelectionRange(entry.value.length, entry.value.length);

  const tell = () => {
    const value = [...kept, ...split(entry.value)].join(", ");
    if (value === field.value) return;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const draw = () => {
    box.querySelectorAll(".upload").forEach((chip) => chip.remove());
    for (const address of kept) box.insertBefore(chip(address, box.dataset, () => { kept = kept.filter((one) => one !== address); draw(); entry.focus(); }), entry);
    tell();
  };
  const take = () => { kept = [...new Set([...kept, ...split(entry.value)])]; entry.value = ""; draw(); };

  entry.addEventListener("input", () => (/[,;\n]/.test(entry.value) ? take() : tell()));
  entry.addEventListener("blur", take);
  entry.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); take(); }
    if (event.key === "Backspace" && !entry.value && kept.length) { kept = kept.slice(0, -1); draw(); }
  });
  draw();
}

const split = (text) => text.split(/[,;\n]+/).map((part) => part.trim()).filter(Boolean);
const bare = (text) => (text.match(/<([^<>]*)>\s*$/)?.[1] ?? text).trim();

function chip(address, words, remove) {
  const element = document.createElement("span"), button = document.createElement("button");
  const bad = !ADDRESS.test(bare(address));
  element.className = bad ? "upload upload--bad" : "upload";
  element.textContent = address;
  if (bad) element.title = words.badLabel;
  Object.assign(button, { type: "button", className: "upload__remove", textContent: "×" });
  button.setAttribute("aria-label", `${words.removeLabel} ${address}`);
  button.addEventListener("click", remove);
  element.append(button);
  return element;
}

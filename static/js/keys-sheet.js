// Opens the sheet of keys.
export function openSheet() {
  const sheet = document.getElementById("keys-sheet");
  if (sheet && !sheet.open) sheet.showModal();
}

export default function keysSheet(element) {
  element.addEventListener("click", openSheet);
}

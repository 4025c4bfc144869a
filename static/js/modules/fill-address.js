// Puts the parts of an address that was chosen from the list into the fields of its group.
export default function fillAddress(group) {
  const search = group.querySelector("input[list]");
  search.addEventListener("input", () => {
    const chosen = [...search.list.options].find((option) => option.value === search.value);
    if (!chosen) return;
    for (const [name, part] of Object.entries(chosen.dataset)) group.querySelector(`[name="${name}"]`).value = part;
    search.value = "";
  });
}

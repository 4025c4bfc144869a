// Presses a field's own button on Enter, in a form that has others.
export default function bindFieldButton(row) {
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault();
    event.stopPropagation();
    row.querySelector("button").click();
  });
}

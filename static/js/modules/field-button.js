// A field with a button of its own in a form that has others: Enter in the field presses that button.
export default function bindFieldButton(row) {
  row.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault();
    event.stopPropagation();
    row.querySelector("button").click();
  });
}

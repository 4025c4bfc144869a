// Closes the line about a bulk action.
export default function bindClose(button) {
  button.addEventListener("click", () => {
    const line = document.getElementById("bulk-progress");
    line.replaceChildren();
    line.hidden = true;
  });
}

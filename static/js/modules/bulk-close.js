// Puts the line about a bulk action away.
export default function bindClose(button) {
  button.addEventListener("click", () => {
    const line = document.getElementById("bulk-progress");
    line.replaceChildren();
    line.hidden = true;
  });
}

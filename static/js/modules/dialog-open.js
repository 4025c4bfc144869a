// Opens the <dialog> whose id is in data-dialog; its href is the way without JavaScript. Whatever carries data-close inside closes it, and
// so does a click beside it; focus returns to the opener by itself.

export default function bindDialogOpener(opener) {
  opener.addEventListener("click", (event) => {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog) return;
    event.preventDefault();
    const menu = opener.closest("details.menu");
    if (menu?.contains(document.activeElement)) menu.querySelector("summary").focus(); // the menu shuts: the way back is its button
    dialog.showModal();
    dialog.onclick = (inside) => {
      if (inside.target === dialog || inside.target.closest("[data-close]")) dialog.close();
    };
  });
  // A link in the role of a button answers the space bar, too.
  opener.addEventListener("keydown", (event) => {
    if (event.key !== " " || opener.matches("button")) return;
    event.preventDefault();
    opener.click();
  });
}

// Adds keys to a <details> menu: Escape and a click elsewhere close it, arrows walk through it. Opens without this.
const ITEMS = ".menu__panel :is(a[href], button:not([disabled]), summary, input, select)";

function step(menu, by) {
  const items = [...menu.querySelectorAll(ITEMS)].filter((item) => item.offsetParent);
  const next = items.indexOf(document.activeElement) + by;
  items.at(next >= items.length ? 0 : Math.max(next, -1))?.focus();
}

export default function bindMenu(menu) {
  const summary = menu.querySelector("summary");
  const away = (event) => {
    if (!menu.isConnected) return document.removeEventListener("pointerdown", away);
    if (!menu.contains(event.target)) menu.open = false;
  };
  // What had the focus is out of sight now; whoever got it meanwhile keeps it.
  const giveBack = () => {
    const at = document.activeElement;
    if (menu.isConnected && (at === document.body || menu.contains(at))) summary.focus({ preventScroll: true });
  };
  document.addEventListener("pointerdown", away);
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  menu.addEventListener("click", (event) => {
    if (!event.target.closest(".menu__item:not([data-stay])")) return;
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus) setTimeout(giveBack); // later: htmx takes the button that has the focus for the one that was pressed
  });
  menu.addEventListener("keydown", (event) => {
    if (!menu.open && event.target !== summary) return;
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      summary.focus();
    } else if (event.key === "ArrowDown") {
      menu.open = true;
      step(menu, 1);
    } else if (event.key === "ArrowUp" && menu.open) step(menu, -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

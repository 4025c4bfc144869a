// Reorders saved views by drag, or with Shift and an arrow. The row moves at once, so that the next key counts from there; the server says
// where it stands.
const itemOf = (target) => target.closest?.("[data-view]");

export default function viewOrder(list) {
  const items = () => [...list.querySelectorAll("[data-view]")];
  const linkOf = (item) => item?.querySelector("[data-view-link]");
  let dragged = null;

  // `next`: the item it is to stand before, null for the end.
  const move = (item, next) => {
    if (next === item || next === item.nextElementSibling) return;
    const focused = document.activeElement;
    list.insertBefore(item, next);
    if (item.contains(focused)) focused.focus(); // a row that is moved loses it
    const values = { before: next?.dataset.view ?? "" };
    window.htmx.ajax("POST", item.dataset.place, { source: item, swap: "none", values });
  };

  list.addEventListener("keydown", (event) => {
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    if (!down || !event.target.matches("[data-view-link]") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const item = itemOf(event.target), all = items(), other = all[all.indexOf(item) + down];
    if (!other) return;
    if (!event.shiftKey) linkOf(other)?.focus();
    else if (item.draggable) move(item, down > 0 ? other.nextElementSibling : other);
  });

  // The line it would stand at if it were let go here.
  const follower = (event) => {
    const over = itemOf(event.target);
    if (!over) return null;
    const { top, height } = over.getBoundingClientRect();
    return event.clientY < top + height / 2 ? over : over.nextElementSibling;
  };
  const mark = (next) => {
    for (const item of items()) item.classList.toggle("is-next", item === next);
    list.classList.toggle("is-last", Boolean(dragged) && next === null);
  };
  const end = () => {
    dragged?.classList.remove("is-dragged");
    dragged = null;
    mark(undefined);
  };
  list.addEventListener("dragstart", (event) => {
    dragged = itemOf(event.target);
    event.dataTransfer.effectAllowed = "move";
    dragged?.classList.add("is-dragged");
  });
  list.addEventListener("dragover", (event) => {
    if (!dragged || !itemOf(event.target)) return;
    event.preventDefault();
    mark(follower(event));
  });
  list.addEventListener("drop", (event) => {
    event.preventDefault();
    if (dragged && itemOf(event.target)) move(dragged, follower(event));
    end();
  });
  list.addEventListener("dragend", end);
}

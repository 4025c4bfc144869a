// Moves tasks between the columns of the board, by drag or with Shift and an arrow.
const cardOf = (target) => target.closest?.("[data-card]");
const columnOf = (element) => element.closest?.("[data-column]");
let dragged = null; // the card under way: it stays so when the board is drawn anew meanwhile

export default function bindBoard(board) {
  const columns = () => [...board.querySelectorAll("[data-column]")];

  const move = (card, column) => {
    if (!column || columnOf(card) === column) return;
    card.classList.add("is-moving");
    window.htmx.ajax("POST", card.dataset.move, { source: document.body, swap: "none", values: { status: column.dataset.column } });
  };

  const focusIn = (column, place) => {
    const cards = [...(column?.querySelectorAll("[data-card]") ?? [])];
    cards[Math.min(place, cards.length - 1)]?.querySelector("a").focus();
    return cards.length > 0;
  };

  const step = (card, sideways, down) => {
    const column = columnOf(card), place = [...column.querySelectorAll("[data-card]")].indexOf(card);
    if (down) return focusIn(column, Math.max(0, place + down));
    for (let next = columns().indexOf(column) + sideways; columns()[next]; next += sideways) if (focusIn(columns()[next], place)) return true;
    return false;
  };

  board.addEventListener("keydown", (event) => {
    const card = cardOf(event.target);
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0, down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    if (!card || !(sideways || down) || !event.target.matches("[data-card] > a") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.shiftKey && sideways) move(card, columns()[columns().indexOf(columnOf(card)) + sideways]);
    else if (!event.shiftKey) step(card, sideways, down);
  });

  board.addEventListener("dragstart", (event) => {
    dragged = cardOf(event.target);
    event.dataTransfer.effectAllowed = "move";
    dragged?.classList.add("is-dragged");
  });
  board.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    columns().forEach((column) => column.classList.remove("is-target"));
    dragged = null;
  });
  board.addEventListener("dragover", (event) => {
    const over = columnOf(event.target);
    if (!dragged || !over) return;
    event.preventDefault();
    columns().forEach((column) => column.classList.toggle("is-target", column === over));
  });
  board.addEventListener("drop", (event) => {
    event.preventDefault();
    if (dragged) move(dragged, columnOf(event.target));
    dragged = null;
  });
}

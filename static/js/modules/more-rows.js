// Appends the next rows of a list, without duplicates.
export default function bindMoreRows(rows) {
  const list = document.querySelector("#thread-list [data-rows]");
  if (!list || list === rows) return;
  for (const row of [...rows.children]) if (!document.querySelector(`[data-rows] > #${CSS.escape(row.id)}`)) list.append(row);
  rows.remove();
  list.closest("#thread-list").hasFurtherPages = true;
}

// The next rows of a list join the ones already shown; one that moved up meanwhile is not shown twice.
export default function bindMoreRows(rows) {
  const list = document.querySelector("#thread-list [data-rows]");
  if (!list || list === rows) return;
  for (const row of [...rows.children]) if (!document.querySelector(`[data-rows] > #${CSS.escape(row.id)}`)) list.append(row);
  rows.remove();
  list.closest("#thread-list").hasFurtherPages = true;
}

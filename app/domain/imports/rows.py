"""Define what all kinds of imports have in common: groups of lines, judgements, and the protocol of a kind."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.core.csv_table import Table
from app.core.text import mark as N_
from app.domain.events.actions import Actor
from app.domain.imports.models import Import, ImportRow, RowOutcome

TWICE = N_("is in the file twice; keep one of the two")
TOO_MANY_CELLS = N_("has more columns than the first line; check the quotation marks")
CHANGED_SINCE = N_("has changed since the import, so we leave it as it is now")
WRONG_CURRENCY = N_(
    "must be the currency of the chosen brand; to import rows in another currency, choose a brand with that currency"
)


@dataclass(frozen=True)
class Group:
    """The lines of a file that make one row. Only an order may have several lines.

    `lines`: {field: value} of each line. `is_ragged`: a line has more cells than the file has columns. `is_repeat`: an
    earlier group has the same key.
    """

    number: int
    lines: tuple[Mapping[str, str], ...]
    is_ragged: bool = False
    is_repeat: bool = False

    @property
    def first(self) -> Mapping[str, str]:
        return self.lines[0]


@dataclass
class Judged:
    """The judgement of a group: what the import will do with it, and its problems.

    `before` and `after`: the values before and after the import, as JSON for the preview. `content`: the data that the
    import writes. `entity_id`: the existing order, article or price.
    """

    group: Group
    outcome: RowOutcome = RowOutcome.NEW
    problems: list[dict[str, str]] = field(default_factory=list)
    entity_id: uuid.UUID | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    content: Any = None

    def refuse(self, column: str, text: str) -> None:
        """Mark the row as wrong, with a problem of a column. `text` begins with a verb and says what to write."""
        self.outcome = RowOutcome.WRONG
        self.problems.append({"column": column, "text": text})


class Kind(Protocol):
    """A kind of import: how its rows are judged, imported and undone, all in the caller's transaction."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the fields by which a row is identified."""

    @property
    def is_grouped(self) -> bool:
        """Return whether consecutive lines with the same key are one row."""

    def judge(self, session: Session, brand_id: uuid.UUID, groups: Sequence[Group], *, now: datetime) -> list[Judged]: ...
    def apply(self, session: Session, found: Import, judged: Sequence[Judged], *, now: datetime, actor: Actor) -> None: ...
    def undo(self, session: Session, found: Import, row: ImportRow, *, now: datetime, actor: Actor) -> str:
        """Undo a row. Return "" if it was undone, otherwise the reason why not, in English."""
        ...


def make_groups(table: Table, columns: Sequence[str], kind: Kind) -> list[Group]:
    """Divide the table's lines into groups. For a grouped kind, consecutive lines with the same key make one group; otherwise
    each line is a group."""
    groups: list[Group] = []
    seen = set[tuple[str, ...]]()
    last_key: tuple[str, ...] = ()
    for row in table.rows:
        cells = {name: cell for name, cell in zip(columns, row.cells, strict=False) if name and cell}
        key = tuple(cells.get(name, "").casefold() for name in kind.keys)
        is_named = any(key)
        is_ragged = any(row.cells[len(table.heads) :])
        if kind.is_grouped and is_named and key == last_key and groups:
            before = groups[-1]
            groups[-1] = Group(before.number, (*before.lines, cells), before.is_ragged or is_ragged, before.is_repeat)
            continue
        groups.append(Group(row.line, (cells,), is_ragged, is_named and key in seen))
        seen.add(key)
        last_key = key
    return groups

"""Move rows between threads for merge and split, and record them for the undo.

Every feature moves its own rows with `move_rows` (in the same transaction, see `ThreadsMerged` and `ThreadSplit` in
app/wiring.py) and moves them back with `return_rows`. A row that was moved again or deleted since then stays as it is:
nothing is lost or doubled.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.threads.models import Draft, Thread, ThreadRead
from app.domain.threads.move_models import ThreadMove, ThreadMoveItem
from app.domain.threads.people_models import ThreadWatcher

UNDO_FOR = timedelta(hours=24)
ITEMS = table_of(ThreadMoveItem)
KEPT = frozenset({"id", "number", "version", "brand_id", "is_open"})  # an undo never touches these
# Given back together or not at all: the database ties them.
STANDING = ("status", "resolved_at", "snoozed_until", "spam_at", "spam_former")
PEOPLE = (table_of(ThreadRead), table_of(Draft), table_of(ThreadWatcher))  # one row for each user and thread

Snapshot = dict[str, Any]


class UnableToUndo(Exception):
    """Raised when a move cannot be undone. `because` is "done" (it was undone), "late" (its time is over) or "later" (a later
    move must be undone first)."""

    def __init__(self, because: str) -> None:
        super().__init__(because)
        self.because = because


@dataclass(frozen=True)
class Moved:
    """A merge, split or undo as its event describes it. `thread_id` is the event's thread, `gone` the removed thread or None.

    `other` is the new thread of a split, or otherwise the event's thread. An undo moves rows back from `origin` to `target`.
    `noted_as` is the id of the move under which moved rows are recorded, or None for `SplitUndone`.
    """

    id: uuid.UUID
    thread_id: uuid.UUID
    gone: uuid.UUID | None
    other: uuid.UUID
    origin: uuid.UUID
    target: uuid.UUID
    noted_as: uuid.UUID | None


def parse_move(event: Event) -> Moved:
    """Read an event `ThreadsMerged`, `MergeUndone`, `ThreadSplit` or `SplitUndone`. Raises `ValueError` if it has no thread."""
    if event.thread_id is None:
        raise ValueError(f"{event.type} names no thread")
    payload = event.payload
    gone, restored, split = (
        uuid.UUID(payload[name]) if payload.get(name) else None
        for name in ("merged_thread_id", "restored_thread_id", "split_thread_id")
    )
    move_id = uuid.UUID(payload["move_id"])
    undone = event.type == "SplitUndone"
    return Moved(
        id=move_id,
        thread_id=event.thread_id,
        gone=gone,
        other=split or event.thread_id,
        origin=split if undone and split else event.thread_id,
        target=restored or event.thread_id,
        noted_as=None if undone else move_id,
    )


def snapshot(session: Session, thread_id: uuid.UUID) -> Snapshot:
    """Return the present rows of a thread as JSON: {"thread": its columns, "thread_reads": rows, "drafts": rows,
    "thread_watchers": rows}."""
    session.flush()
    row = sa.text("SELECT to_jsonb(t) FROM threads t WHERE id = :id")
    taken: Snapshot = {"thread": session.execute(row, {"id": thread_id}).scalar_one()}
    for table in PEOPLE:
        rows = sa.text(f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM {table.name} t WHERE thread_id = :id")  # noqa: S608
        taken[table.name] = session.execute(rows, {"id": thread_id}).scalar_one()
    return taken


def add_move(
    session: Session,
    *,
    kind: str,
    batch_id: uuid.UUID | None,
    origin: Thread,
    target: Thread,
    former: dict[str, Snapshot],
    now: datetime,
    actor: Actor,
) -> ThreadMove:
    """Add the row of a merge or split. The caller sets its `latter` when everything has moved."""
    move_id = new_id()
    move = ThreadMove(
        id=move_id,
        kind=kind,
        batch_id=batch_id or move_id,
        brand_id=target.brand_id,
        from_thread_id=origin.id,
        to_thread_id=target.id,
        user_id=actor.user_id,
        moved_at=now,
        undo_until=now + UNDO_FOR,
        former=former,
        latter={},
    )
    session.add(move)
    session.flush()
    return move


def move_rows(
    session: Session,
    table: sa.Table,
    *,
    move_id: uuid.UUID | None,
    origin: uuid.UUID,
    target: uuid.UUID,
    where: Sequence[sa.ColumnElement[bool]] = (),
    seq: sa.ColumnElement[int] | None = None,
) -> int:
    """Move rows of `table` to another thread, record each of them, and return their number.

    `seq` is an SQL expression for the new `seq` of the rows. If `move_id` is None, nothing is recorded and there is no undo.
    """
    session.flush()
    key = next(iter(table.primary_key.columns))
    chosen = sa.select(key.label("key"), *([table.c.seq.label("place")] if seq is not None else []))
    old = chosen.where(table.c.thread_id == origin, *where).with_for_update().cte("old")
    values: dict[str, Any] = {"thread_id": target, **({"seq": seq} if seq is not None else {})}
    statement = sa.update(table).where(key == old.c.key).values(values)
    place = old.c.place if seq is not None else sa.null()
    rows = session.execute(statement.returning(key, place.label("place"))).all()
    if move_id is not None and rows:
        notes = [{"move_id": move_id, "kind": table.name, "item_id": row[0], "seq": row[1]} for row in rows]
        session.execute(sa.insert(ITEMS), notes)
    return len(rows)


def remove_rows(session: Session, table: sa.Table, *, move_id: uuid.UUID | None, where: sa.ColumnElement[bool]) -> None:
    """Delete rows that the other thread cannot take, and record the content of each row for the undo."""
    whole = sa.func.to_jsonb(sa.literal_column(table.name), type_=postgresql.JSONB)
    rows = session.execute(sa.delete(table).where(where).returning(table.c.id, whole)).all()
    if move_id is not None and rows:
        notes = [{"move_id": move_id, "kind": table.name, "item_id": row[0], "row": row[1]} for row in rows]
        session.execute(sa.insert(ITEMS), notes)


def moved_ids(move_id: uuid.UUID, kind: str) -> sa.Select[uuid.UUID]:
    """Return the query for the keys of the rows that the move took from one table. `kind` is the name of the table."""
    return sa.select(ThreadMoveItem.item_id).where(ThreadMoveItem.move_id == move_id, ThreadMoveItem.kind == kind)


def return_rows(session: Session, table: sa.Table, *, move_id: uuid.UUID, origin: uuid.UUID, target: uuid.UUID) -> int:
    """Move the rows that are still in `origin` back to their former places in `target`, and insert the removed rows again.

    Return the number of rows that moved.
    """
    session.flush()
    key = next(iter(table.primary_key.columns))
    here = (ITEMS.c.move_id == move_id, ITEMS.c.kind == table.name)
    values: dict[str, Any] = {"thread_id": target, **({"seq": ITEMS.c.seq} if "seq" in table.c else {})}
    back = (
        sa.update(table).where(key == ITEMS.c.item_id, table.c.thread_id == origin, ITEMS.c.row.is_(None), *here).values(values)
    )
    count = len(session.execute(back.returning(key)).all())
    removed = session.execute(sa.select(ITEMS.c.row).where(*here, ITEMS.c.row.is_not(None))).scalars().all()
    put_rows(session, table, removed)
    return count


def put_rows(session: Session, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that were stored as JSON. A row that exists already is not changed."""
    if not rows:
        return
    columns = ", ".join(f'"{column.name}"' for column in table.columns if column.computed is None)
    statement = sa.text(
        f"INSERT INTO {table.name} ({columns})"  # noqa: S608  names of our own tables
        f" SELECT {columns} FROM jsonb_populate_recordset(NULL::{table.name}, :rows) ON CONFLICT DO NOTHING"
    ).bindparams(sa.bindparam("rows", type_=postgresql.JSONB))
    session.execute(statement, {"rows": list(rows)})


def recreate_thread(session: Session, row: dict[str, Any], *, version: int, contact_id: uuid.UUID | None) -> None:
    """Insert a thread from its snapshot `row`. If its contact was deleted since then, `contact_id` takes its place."""
    wanted = {name: row[name] for name in ("contact_id", "partner_contact_id") if row[name]}
    ids = [uuid.UUID(value) for value in wanted.values()]
    known = {str(found) for found in session.execute(sa.select(Contact.id).where(Contact.id.in_(ids))).scalars()}
    instead = {"contact_id": str(contact_id) if contact_id else None, "partner_contact_id": None}
    mended = {name: value if value in known else instead[name] for name, value in wanted.items()}
    put_rows(session, table_of(Thread), [{**row, **mended, "version": version}])


def restore_columns(session: Session, thread: Thread, *, former: dict[str, Any], latter: dict[str, Any]) -> None:
    """Restore each value of a locked thread that the move changed and nobody changed since."""
    session.flush()
    query = sa.text("SELECT to_jsonb(t) FROM threads t WHERE id = :id")
    current = session.execute(query, {"id": thread.id}).scalar_one()
    former, latter = ({"spam_at": None, "spam_former": None, **row} for row in (former, latter))  # a move of before 0020
    same = {name for name in former if name in current and name not in KEPT and current[name] == latter.get(name)}
    if not same.issuperset(STANDING):
        same -= set(STANDING)
    stored = {column.name for column in table_of(Thread).columns if column.computed is None}
    columns = ", ".join(f'"{name}"' for name in sorted(same & stored))
    statement = sa.text(
        f"UPDATE threads SET ({columns}, version) ="  # noqa: S608  names of our own columns
        f" (SELECT {columns}, :version FROM jsonb_populate_record(NULL::threads, :row)) WHERE id = :id"
    ).bindparams(sa.bindparam("row", type_=postgresql.JSONB))
    session.execute(statement, {"row": former, "id": thread.id, "version": thread.version + 1})
    session.refresh(thread)


def restore_people(session: Session, thread_id: uuid.UUID, *, former: Snapshot, latter: Snapshot) -> None:
    """Restore the read mark, draft and watching of each user in a thread, unless the user changed it since.

    A user who has read messages newer than the move keeps the present read mark.
    """
    count = latter["thread"]["message_count"]
    current = snapshot(session, thread_id)
    for table in PEOPLE:
        was, after, now = (_by_key(table, taken[table.name]) for taken in (former, latter, current))
        if table.name == "thread_reads":
            same = {key for key in {*was, *now} if key not in now or now[key]["seen_seq"] <= count}
        else:
            same = {key for key in {*was, *now} if now.get(key) == after.get(key)}
        keys = [column for column in table.primary_key.columns if column.name != "thread_id"]
        gone = [list(key) for key in same if key in now]
        if gone:
            found = sa.tuple_(*(sa.cast(column, sa.Text) for column in keys)).in_(gone)
            session.execute(sa.delete(table).where(table.c.thread_id == thread_id, found))
        put_rows(session, table, [was[key] for key in same if key in was])


def put_people(session: Session, former: Snapshot) -> None:
    """Insert the read marks, drafts and watchers of a recreated thread from its snapshot."""
    for table in PEOPLE:
        put_rows(session, table, former[table.name])


def _by_key(table: sa.Table, rows: list[dict[str, Any]]) -> dict[tuple[str, ...], dict[str, Any]]:
    names = [column.name for column in table.primary_key.columns if column.name != "thread_id"]
    return {tuple(row[name] for name in names): row for row in rows}


def close_ranks(session: Session, thread: Thread, *, after: int, by: int, since: datetime) -> None:
    """Renumber messages that came to a locked thread since the move. `by` is added to each `seq` that is greater than `after`."""
    if by == 0 or thread.message_count <= after:
        return
    new = {"messages": "seq > :after", "taken_back_messages": "seq > :after AND taken_back_at > :since"}
    for name, behind in new.items():  # by way of numbers nobody has: each must be unique at every moment
        aside = sa.text(f"UPDATE {name} SET seq = -(seq + :by) WHERE thread_id = :id AND {behind}")  # noqa: S608
        session.execute(aside, {"id": thread.id, "after": after, "by": by, "since": since})
        session.execute(sa.text(f"UPDATE {name} SET seq = -seq WHERE thread_id = :id AND seq < 0"), {"id": thread.id})  # noqa: S608
    seen = sa.update(ThreadRead).where(ThreadRead.thread_id == thread.id, ThreadRead.seen_seq > after)
    session.execute(seen.values(seen_seq=ThreadRead.seen_seq + by).execution_options(synchronize_session=False))
    if thread.inbound_seq > after:
        thread.inbound_seq += by
    thread.message_count += by
    session.flush()


def check_undoable(session: Session, move: ThreadMove, *, now: datetime) -> None:
    """Raise UnableToUndo if the time is over, the move was undone already, or a later move of the same threads is not undone."""
    if move.undone_at is not None:
        raise UnableToUndo("done")
    if now > move.undo_until:
        raise UnableToUndo("late")
    threads = (move.from_thread_id, move.to_thread_id)
    touching = sa.or_(ThreadMove.from_thread_id.in_(threads), ThreadMove.to_thread_id.in_(threads))
    later = sa.select(ThreadMove.id).where(touching, ThreadMove.undone_at.is_(None), ThreadMove.id > move.id)
    if session.execute(later.limit(1)).first() is not None:
        raise UnableToUndo("later")

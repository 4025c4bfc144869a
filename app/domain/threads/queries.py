"""Read threads: lists, counts, one thread, its messages and files. Every read is limited to the brands of its viewer.

A list is one query. It runs the same keyset scan once per visible brand (LATERAL) and merges the few rows each returns, so
every filter is answered from an index that begins with the brand, whatever the viewer may see. A count stops at COUNT_CAP.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.paging import Page
from app.core.prepared import KEPT, as_written
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, Team, User
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.orders.models import Order, OrderThread
from app.domain.threads.models import (
    Attachment,
    Message,
    Priority,
    Thread,
    ThreadAlias,
    ThreadRead,
    ThreadStatus,
    ThreadType,
)
from app.domain.threads.order_threads import is_about_order
from app.domain.threads.people_models import Mention
from app.domain.threads.sorting import Key, ListSort, SortKeys, behind_the_edge, cut, due_key, edge_of, ordering
from app.domain.threads.triage_models import ThreadTag

COUNT_CAP = 1000
_KEYS = SortKeys(Thread.priority_rank, Thread.last_message_at, Thread.id, due_key(Thread.response_due_at))
THREAD_ID = sa.bindparam("thread_id", type_=sa.Uuid)  # what a statement is about, and the parts other features add to it


class ThreadMissing(Exception):
    """The thread or message does not exist, or is not for this viewer."""


@dataclass(frozen=True)
class ThreadFilter:
    """Filters for a list of threads. `view` is "open" (not resolved, closed or snoozed), "snoozed", "unsent" (a message of ours
    failed), "spam" or "all". If `status` is set, "open" leaves out nothing."""

    view: str = "open"
    medium: str | None = None
    status: ThreadStatus | None = None
    assignee_user_id: uuid.UUID | None = None
    unassigned: bool = False
    brand_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    priority: Priority | None = None
    tag: str | None = None
    thread_type: ThreadType | None = None
    order_id: uuid.UUID | None = None
    channel_id: uuid.UUID | None = None  # a channel account
    mentioned_user_id: uuid.UUID | None = None  # named with @ in a note
    due_until: datetime | None = None  # those whose clock has run out by then


@dataclass(frozen=True)
class ThreadRow:
    """A thread as a list shows it."""

    thread: Thread
    contact_name: str
    assignee_name: str | None
    brand_key: str
    brand_name: str
    brand_hue: int
    unread: bool
    team_name: str | None = None
    order_number: str = ""
    """The number of the order linked last with the thread."""
    channel_name: str = ""


@dataclass(frozen=True)
class ThreadHead:
    """A thread as its page shows it: its row, and its contact with all identities."""

    row: ThreadRow
    contact: Contact | None
    identities: tuple[ContactIdentity, ...]


def list_threads(
    session: Session,
    *,
    viewer: Viewer,
    filter: ThreadFilter,
    sort: ListSort = ListSort.NEWEST,
    cursor: str | None = None,
    due_by: datetime | None = None,
    limit: int = 50,
) -> Page[ThreadRow]:
    """List one page of threads, sorted by `sort`. `due_by`: only threads whose answer is due by then. Raises BadCursor."""
    query = _list_statement(_shape_of(viewer, filter), sort, limit + 1, from_the_start=cursor is None, has_end=due_by is not None)
    values = {**_seen_by(viewer), **_given(filter), "wanted_brands": list(_brands(viewer, filter))}
    if cursor is not None:
        values |= edge_of(sort, cursor)
    if due_by is not None:
        values["due_by"] = due_by
    rows = [_row(record) for record in session.execute(query, values)]
    return cut(rows, limit, sort, _key_of)


def _key_of(row: ThreadRow) -> Key:
    return row.thread.priority_rank, row.thread.last_message_at, row.thread.id, row.thread.response_due_at


@lru_cache(maxsize=512)
def _list_statement(
    shape: _Shape, sort: ListSort, limit: int, *, from_the_start: bool, has_end: bool
) -> sa.Select[*tuple[Any, ...]]:
    """Build the SQL statement of a list. The statements are cached, as building one takes longer than running it."""
    brands = _unnested("wanted_brands", shape.brands)
    scan, keys = _scan(shape, _parameters(shape), brands.c.id)
    if not from_the_start:
        scan = scan.where(behind_the_edge(sort, keys))
    if has_end:
        scan = scan.where(keys.due <= sa.bindparam("due_by", type_=sa.DateTime(timezone=True)))
    per_brand = scan.order_by(*ordering(sort, keys)).limit(as_written(limit)).lateral("scan")
    merged = sa.select(per_brand.c.id).select_from(brands.join(per_brand, sa.true()))
    found_keys = SortKeys(per_brand.c.priority_rank, per_brand.c.last_message_at, per_brand.c.id, per_brand.c.due)
    found = merged.order_by(*ordering(sort, found_keys)).limit(as_written(limit)).subquery("found")
    query = _ROWS.join(found, found.c.id == Thread.id)
    return query.order_by(*ordering(sort, _KEYS)).execution_options(plan_is_kept=shape.has_one_plan(sort))


def _unnested(name: str, count: int) -> Any:
    """Return the brand ids in the array parameter `name` as rows, with the LIMIT `count`. Without the limit the planner expects
    ten rows, and may plan each execution anew."""
    brand_ids = sa.cast(sa.bindparam(name, type_=sa.ARRAY(sa.Uuid)), sa.ARRAY(sa.Uuid))
    brands = sa.func.unnest(brand_ids).table_valued("id", name="brand").render_derived()
    return sa.select(brands.c.id).limit(as_written(count)).subquery("brands")


def select_matching(*, viewer: Viewer, filter: ThreadFilter) -> sa.Select[uuid.UUID]:
    """Return the unordered query for the ids of all threads that a list with this filter shows."""
    conditions = _conditions(filter.view, filter.unassigned, _given(filter))
    found = sa.select(Thread.id).where(Thread.brand_id.in_(_brands(viewer, filter)), *conditions)
    if filter.tag is not None:
        found = found.where(Thread.id.in_(sa.select(ThreadTag.thread_id).where(ThreadTag.tag == filter.tag)))
    return found


def count_matching(session: Session, *, viewer: Viewer, filter: ThreadFilter, cap: int = COUNT_CAP) -> int:
    """Count a list's threads, at most `cap`."""
    found = select_matching(viewer=viewer, filter=filter).limit(cap).subquery()
    return session.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def count_lists(session: Session, *, viewer: Viewer, filters: Sequence[ThreadFilter]) -> list[int]:
    """Count the threads of each list, at most COUNT_CAP each. Return the counts in the order of `filters`. One query."""
    values: dict[str, Any] = {}
    for place, filter in enumerate(filters):
        values[f"brands_{place}"] = list(_brands(viewer, filter))
        values |= {f"{name}_{place}": value for name, value in _given(filter).items()}
    shapes = tuple(_shape_of(viewer, filter) for filter in filters)
    return list(session.execute(_counts_statement(shapes), values).one()) if filters else []


@lru_cache(maxsize=128)
def _counts_statement(shapes: tuple[_Shape, ...]) -> sa.Select[*tuple[Any, ...]]:
    query: sa.Select[*tuple[Any, ...]] = sa.select(
        *(_count(shape, place).label(f"n{place}") for place, shape in enumerate(shapes))
    )
    return query.execution_options(**KEPT)


def _count(shape: _Shape, place: int) -> sa.ScalarSelect[int]:
    brands = _unnested(f"brands_{place}", shape.brands)
    scan = _scan(shape, _parameters(shape, f"_{place}"), brands.c.id)[0]
    per_brand = scan.limit(as_written(COUNT_CAP)).lateral("scan")
    found = sa.select(per_brand.c.id).select_from(brands.join(per_brand, sa.true())).limit(as_written(COUNT_CAP)).subquery()
    return sa.select(sa.func.count()).select_from(found).scalar_subquery()


@dataclass(frozen=True)
class _Shape:
    """A filter without its values, as the key of cached statements. `given`: its columns; `brands`: the number of its brands."""

    brands: int
    view: str
    unassigned: bool
    given: tuple[str, ...]

    @property
    def is_inbox(self) -> bool:
        return self.view == "open" and "status" not in self.given

    def has_one_plan(self, sort: ListSort) -> bool:
        """Return True if one query plan suits all values, even rare ones: an index holds each of them in this order."""
        if self.is_inbox:
            return "priority" not in self.given
        return not self.given or (self.given in (("status",), ("contact_id",)) and sort in (ListSort.NEWEST, ListSort.OLDEST))


_COLUMNS: dict[str, sa.ColumnElement[Any]] = {
    "status": table_of(Thread).c.status,
    "assignee_user_id": table_of(Thread).c.assignee_user_id,
    "medium": table_of(Thread).c.medium,
    "team_id": table_of(Thread).c.team_id,
    "contact_id": table_of(Thread).c.contact_id,
    "priority": table_of(Thread).c.priority_rank,
    "tag": table_of(ThreadTag).c.tag,
    "thread_type": table_of(Thread).c.thread_type,
    "channel_id": table_of(Thread).c.channel_id,
    "order_id": table_of(OrderThread).c.order_id,
    "mentioned_user_id": table_of(Mention).c.user_id,
    "due_until": table_of(Thread).c.response_due_at,
}
_HIDDEN = frozenset({"medium", "thread_type", "channel_id"})  # from the planner, which for a rare one would plan afresh each time
_OF_ONE_BRAND: dict[str, Any] = {"channel_id": Channel, "order_id": Order}  # threads of others are not looked through
_MARKED = {"snoozed": Thread.snoozed_until, "unsent": Thread.unsent_medium, "spam": Thread.spam_at}


def _given(filter: ThreadFilter) -> dict[str, Any]:
    """Return the filter's values by column name."""
    given = {name: value for name in _COLUMNS if (value := getattr(filter, name)) is not None}
    if filter.unassigned:
        given.pop("assignee_user_id", None)
    if filter.priority is not None:
        given["priority"] = filter.priority.rank
    return given


def _shape_of(viewer: Viewer, filter: ThreadFilter) -> _Shape:
    return _Shape(len(_brands(viewer, filter)), filter.view, filter.unassigned, tuple(_given(filter)))


def _parameters(shape: _Shape, suffix: str = "") -> dict[str, Any]:
    """Return the bound parameters for a shape's columns, by name with `suffix`."""
    given: dict[str, Any] = {name: sa.bindparam(name + suffix, type_=_COLUMNS[name].type) for name in shape.given}
    for name in _HIDDEN.intersection(given) if shape.is_inbox else ():
        given[name] = sa.select(given[name]).scalar_subquery()
    return given


def _scan(
    shape: _Shape, given: Mapping[str, Any], brand_id: sa.ColumnElement[uuid.UUID]
) -> tuple[sa.Select[*tuple[Any, ...]], SortKeys]:
    """Return the query for the thread ids of one brand, and its sort columns. Threads with a tag are read from `ThreadTag`.
    `given` has, by column name, values or bound parameters."""
    if "tag" not in given:
        columns = (_KEYS.rank, _KEYS.at, _KEYS.row_id, _KEYS.due.label("due"))
        conditions = _conditions(shape.view, shape.unassigned, given)
        return sa.select(*columns).where(Thread.brand_id == brand_id, *conditions), _KEYS
    rest = _conditions("all" if shape.is_inbox else shape.view, shape.unassigned, given)
    keys = SortKeys(ThreadTag.priority_rank, ThreadTag.last_message_at, ThreadTag.thread_id, due_key(ThreadTag.response_due_at))
    scan = sa.select(keys.rank, keys.at, keys.row_id.label("id"), keys.due.label("due"))
    scan = scan.where(ThreadTag.brand_id == brand_id, ThreadTag.tag == given["tag"])
    if shape.is_inbox:
        scan = scan.where(ThreadTag.in_inbox)
    if rest:
        scan = scan.join(Thread, Thread.id == ThreadTag.thread_id).where(*rest)
    return scan, keys


def _brands(viewer: Viewer, filter: ThreadFilter) -> tuple[uuid.UUID, ...]:
    if filter.brand_id is None:
        return viewer.brand_ids
    return tuple(b for b in viewer.brand_ids if b == filter.brand_id)


def _conditions(view: str, unassigned: bool, given: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if view == "open" and "status" not in given:
        conditions += [sa.and_(Thread.is_open), Thread.snoozed_until.is_(None)]
    if view in _MARKED:
        conditions.append(_MARKED[view].is_not(None))
    if unassigned:
        conditions.append(Thread.assignee_user_id.is_(None))
    if "order_id" in given:
        conditions.append(is_about_order(given["order_id"]))
    if "mentioned_user_id" in given:
        named = sa.select(Message.thread_id).join(Mention, Mention.message_id == Message.id)
        conditions.append(Thread.id.in_(named.where(Mention.user_id == given["mentioned_user_id"])))
    if "due_until" in given:
        conditions.append(_KEYS.due <= given["due_until"])
    for name in (name for name in _OF_ONE_BRAND if name in given):
        its_brand = sa.select(_OF_ONE_BRAND[name].brand_id).where(_OF_ONE_BRAND[name].id == given[name])
        conditions.append(Thread.brand_id == its_brand.scalar_subquery())
    otherwise = ("tag", "order_id", "mentioned_user_id", "due_until")  # than by a column of the thread
    return conditions + [_COLUMNS[name] == value for name, value in given.items() if name not in otherwise]


_THESE = sa.union_all(
    sa.select(Thread.id).correlate(Thread),
    sa.select(ThreadAlias.old_id).where(ThreadAlias.thread_id == Thread.id).correlate(Thread),
).scalar_subquery()  # a thread and those merged into it
_ORDER_NUMBER = (
    sa.select(Order.order_number)
    .join(OrderThread, OrderThread.order_id == Order.id)
    .where(OrderThread.thread_id == sa.any_(sa.func.array(_THESE)))
    .order_by(OrderThread.linked_at.desc(), Order.id.desc())
    .limit(1)
    .correlate(Thread)
    .scalar_subquery()
)
_IN_SIGHT = Thread.brand_id == sa.any_(sa.bindparam("brands", type_=sa.ARRAY(sa.Uuid)))
_ROWS: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        Thread,
        Contact.name,
        User.name,
        Brand.key,
        Brand.name,
        Brand.hue,
        ThreadRead.seen_seq,
        Team.name,
        _ORDER_NUMBER,
        Channel.name,
    )
    .join(Brand, Brand.id == Thread.brand_id)
    .outerjoin(Contact, Contact.id == Thread.contact_id)
    .outerjoin(User, User.id == Thread.assignee_user_id)
    .outerjoin(ThreadRead, sa.and_(ThreadRead.thread_id == Thread.id, ThreadRead.user_id == sa.bindparam("viewer_id")))
    .outerjoin(Team, Team.id == Thread.team_id)
    .outerjoin(Channel, Channel.id == Thread.channel_id)
    .execution_options(**KEPT)
)
_NAMED = _ROWS.where(Thread.id == sa.any_(sa.bindparam("thread_ids", type_=sa.ARRAY(sa.Uuid))), _IN_SIGHT)
_HEAD = (
    _ROWS.add_columns(Contact, ContactIdentity)
    .outerjoin(ContactIdentity, ContactIdentity.contact_id == Contact.id)
    .where(Thread.id == THREAD_ID, _IN_SIGHT)
    .order_by(ContactIdentity.kind, ContactIdentity.created_at)
)


def _seen_by(viewer: Viewer) -> dict[str, Any]:
    return {"viewer_id": viewer.user_id, "brands": list(viewer.brand_ids)}


def _row(record: Iterable[Any]) -> ThreadRow:
    thread, contact_name, assignee_name, brand_key, brand_name, brand_hue, seen_seq, team_name, number, channel = record
    unread = (seen_seq or 0) < thread.inbound_seq
    names = (contact_name or "", assignee_name, brand_key, brand_name, brand_hue)
    return ThreadRow(thread, *names, unread, team_name, number or "", channel or "")


def list_rows(session: Session, *, viewer: Viewer, thread_ids: Sequence[uuid.UUID]) -> list[ThreadRow]:
    """Return these threads as rows of a list, in no particular order. Threads that the viewer may not see are left out."""
    values = {**_seen_by(viewer), "thread_ids": list(thread_ids)}
    return [_row(record) for record in session.execute(_NAMED, values)] if thread_ids else []


def get_thread_head(session: Session, *, viewer: Viewer, thread_id: uuid.UUID) -> ThreadHead:
    """Return the head of a thread. One query. Raises ThreadMissing, also if the viewer may not see the thread's brand."""
    records = session.execute(_HEAD, {**_seen_by(viewer), "thread_id": thread_id}).all()
    if not records:
        return get_thread_head(session, viewer=viewer, thread_id=_merged_into(session, thread_id))
    *row, contact, _identity = records[0]
    return ThreadHead(_row(row), contact, tuple(r.ContactIdentity for r in records if r.ContactIdentity is not None))


def _merged_into(session: Session, thread_id: uuid.UUID) -> uuid.UUID:
    alias = session.get(ThreadAlias, thread_id)
    if alias is None:
        raise ThreadMissing(str(thread_id))
    return alias.thread_id


def get_thread(session: Session, *, viewer: Viewer, thread_id: uuid.UUID) -> Thread:
    """Return the thread without its contact; a merged thread leads to the kept one. Raises ThreadMissing."""
    return get_thread_head(session, viewer=viewer, thread_id=thread_id).row.thread


def get_message(session: Session, *, viewer: Viewer, message_id: uuid.UUID) -> Message:
    """Return a message the viewer may see. Raises ThreadMissing."""
    query = sa.select(Message).where(Message.id == message_id, Message.brand_id.in_(viewer.brand_ids))
    message = session.execute(query).scalar_one_or_none()
    if message is None:
        raise ThreadMissing(str(message_id))
    return message


def get_attachment(session: Session, *, viewer: Viewer, attachment_id: uuid.UUID) -> Attachment:
    """Return a file of a message that the viewer may see, or a file that the viewer uploaded. Raises ThreadMissing."""
    in_sight = sa.exists(sa.select(Message.id).where(Message.id == Attachment.message_id, Message.brand_id.in_(viewer.brand_ids)))
    own_upload = sa.and_(Attachment.message_id.is_(None), Attachment.uploaded_by_user_id == viewer.user_id)
    query = sa.select(Attachment).where(Attachment.id == attachment_id, sa.or_(in_sight, own_upload))
    attachment = session.execute(query).scalar_one_or_none()
    if attachment is None:
        raise ThreadMissing(str(attachment_id))
    return attachment

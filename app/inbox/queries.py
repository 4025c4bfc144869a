"""Read threads: lists, one thread. Every read is limited to the brands of its viewer.

A list is one query. It runs the same keyset scan once per visible brand (LATERAL) and merges the few rows each returns, so
every filter is answered from an index that begins with the brand, whatever the viewer may see. A count stops at COUNT_CAP.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.access import Viewer
from app.accounts.models import Brand, Team, User
from app.contacts.models import Contact, ContactIdentity
from app.core.paging import Page
from app.core.plans import KEPT, as_written
from app.inbox.models import Attachment, Message, Priority, Thread, ThreadAlias, ThreadRead, ThreadStatus
from app.inbox.sorting import ListSort, behind, cut, ordering
from app.inbox.triage_models import ThreadTag

COUNT_CAP = 1000


class ThreadMissing(Exception):
    """No such thread, or not for this viewer."""


@dataclass(frozen=True)
class ThreadFilter:
    """Which threads. `view` "open" leaves out resolved, closed and snoozed ones, "snoozed" has those alone, "spam" the spam,
    "all" everything; a `status` is looked for everywhere."""

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


@dataclass(frozen=True)
class ThreadHead:
    """A thread to open: its row, and the customer with every way to reach them."""

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
    limit: int = 50,
) -> Page[ThreadRow]:
    """One page in the order of `sort`. Raises BadCursor."""
    found = _merged_scans(viewer, filter, sort, cursor, limit + 1)
    query = _row_query(viewer).join(found, found.c.id == Thread.id)
    query = query.order_by(*ordering(sort, Thread.priority_rank, Thread.last_message_at, Thread.id))
    rows = [_row(record) for record in session.execute(query)]
    return cut(rows, limit, sort, lambda row: (row.thread.priority_rank, row.thread.last_message_at, row.thread.id))


def _merged_scans(viewer: Viewer, filter: ThreadFilter, sort: ListSort, cursor: str | None, limit: int) -> sa.Subquery:
    brands = _unnested(_brands(viewer, filter))
    scan, *keys = _scan(filter, brands.c.id)
    if cursor is not None:
        scan = scan.where(behind(sort, cursor, *keys))
    per_brand = scan.order_by(*ordering(sort, *keys)).limit(as_written(limit)).lateral("scan")
    merged = sa.select(per_brand.c.id).select_from(brands.join(per_brand, sa.true()))
    order = ordering(sort, per_brand.c.priority_rank, per_brand.c.last_message_at, per_brand.c.id)
    return merged.order_by(*order).limit(as_written(limit)).subquery("found")


def _unnested(brand_ids: Iterable[uuid.UUID]) -> Any:
    return sa.func.unnest(sa.cast(list(brand_ids), sa.ARRAY(sa.Uuid))).table_valued("id", name="brand").render_derived()


def select_matching(*, viewer: Viewer, filter: ThreadFilter) -> sa.Select[uuid.UUID]:
    """The ids of every thread a list with this filter leads to, in no order."""
    found = sa.select(Thread.id).where(Thread.brand_id.in_(_brands(viewer, filter)), *_conditions(filter))
    if filter.tag is not None:
        found = found.where(Thread.id.in_(sa.select(ThreadTag.thread_id).where(ThreadTag.tag == filter.tag)))
    return found


def count_matching(session: Session, *, viewer: Viewer, filter: ThreadFilter, cap: int = COUNT_CAP) -> int:
    """How many threads a list leads to, at most `cap`."""
    found = select_matching(viewer=viewer, filter=filter).limit(cap).subquery()
    return session.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def select_count(*, viewer: Viewer, filter: ThreadFilter, cap: int = COUNT_CAP) -> sa.ScalarSelect[int]:
    """How many threads a list leads to, at most `cap`, as a part of another query: by the indexes of the list itself."""
    brands = _unnested(_brands(viewer, filter))
    per_brand = _scan(filter, brands.c.id)[0].limit(as_written(cap)).lateral("scan")
    found = sa.select(per_brand.c.id).select_from(brands.join(per_brand, sa.true())).limit(as_written(cap)).subquery()
    return sa.select(sa.func.count()).select_from(found).scalar_subquery()


def _scan(filter: ThreadFilter, brand_id: sa.ColumnElement[uuid.UUID]) -> tuple[sa.Select[*tuple[Any, ...]], Any, Any, Any]:
    """Ids of one brand's threads, and the three columns they are ordered by; a tag is looked up on its own side table."""
    if filter.tag is None:
        keys = (Thread.priority_rank, Thread.last_message_at, Thread.id)
        return sa.select(*keys).where(Thread.brand_id == brand_id, *_conditions(filter)), *keys
    in_inbox = filter.view == "open" and filter.status is None
    rest = _conditions(replace(filter, view="all") if in_inbox else filter)
    scan = sa.select(ThreadTag.priority_rank, ThreadTag.last_message_at, ThreadTag.thread_id.label("id"))
    scan = scan.where(ThreadTag.brand_id == brand_id, ThreadTag.tag == filter.tag)
    if in_inbox:
        scan = scan.where(ThreadTag.in_inbox)
    if rest:
        scan = scan.join(Thread, Thread.id == ThreadTag.thread_id).where(*rest)
    return scan, ThreadTag.priority_rank, ThreadTag.last_message_at, ThreadTag.thread_id


def _brands(viewer: Viewer, filter: ThreadFilter) -> tuple[uuid.UUID, ...]:
    if filter.brand_id is None:
        return viewer.brand_ids
    return tuple(b for b in viewer.brand_ids if b == filter.brand_id)


def _conditions(filter: ThreadFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filter.status is not None:
        conditions.append(Thread.status == filter.status)
    elif filter.view == "open":
        conditions += [sa.and_(Thread.is_open), Thread.snoozed_until.is_(None)]
    if filter.view == "snoozed":
        conditions.append(Thread.snoozed_until.is_not(None))
    if filter.view == "spam":
        conditions.append(Thread.spam_at.is_not(None))
    if filter.unassigned:
        conditions.append(Thread.assignee_user_id.is_(None))
    elif filter.assignee_user_id is not None:
        conditions.append(Thread.assignee_user_id == filter.assignee_user_id)
    named = ((Thread.medium, filter.medium), (Thread.team_id, filter.team_id), (Thread.contact_id, filter.contact_id))
    conditions += [column == value for column, value in named if value is not None]
    if filter.priority is not None:
        conditions.append(Thread.priority_rank == filter.priority.rank)
    return conditions


def _row_query(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    seen = sa.and_(ThreadRead.thread_id == Thread.id, ThreadRead.user_id == viewer.user_id)
    return (
        sa.select(Thread, Contact.name, User.name, Brand.key, Brand.name, Brand.hue, ThreadRead.seen_seq, Team.name)
        .join(Brand, Brand.id == Thread.brand_id)
        .outerjoin(Contact, Contact.id == Thread.contact_id)
        .outerjoin(User, User.id == Thread.assignee_user_id)
        .outerjoin(ThreadRead, seen)
        .outerjoin(Team, Team.id == Thread.team_id)
        .execution_options(**KEPT)
    )


def _row(record: Iterable[Any]) -> ThreadRow:
    thread, contact_name, assignee_name, brand_key, brand_name, brand_hue, seen_seq, team_name = record
    unread = (seen_seq or 0) < thread.inbound_seq
    return ThreadRow(thread, contact_name or "", assignee_name, brand_key, brand_name, brand_hue, unread, team_name)


def list_rows(session: Session, *, viewer: Viewer, thread_ids: Sequence[uuid.UUID]) -> list[ThreadRow]:
    """The named threads as a list shows them, in no particular order; those the viewer may not see are left out."""
    named = sa.literal(list(thread_ids), sa.ARRAY(sa.Uuid))
    query = _row_query(viewer).where(Thread.id == sa.any_(named), Thread.brand_id.in_(viewer.brand_ids))
    return [_row(record) for record in session.execute(query)] if thread_ids else []


def get_thread_head(session: Session, *, viewer: Viewer, thread_id: uuid.UUID) -> ThreadHead:
    """One query. Raises ThreadMissing, also for a thread of a brand the viewer may not see."""
    query = _row_query(viewer).add_columns(Contact, ContactIdentity)
    query = query.where(Thread.id == thread_id, Thread.brand_id.in_(viewer.brand_ids))
    query = query.outerjoin(ContactIdentity, ContactIdentity.contact_id == Contact.id)
    records = session.execute(query.order_by(ContactIdentity.kind, ContactIdentity.created_at)).all()
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
    """The thread alone; follows merges. Raises ThreadMissing."""
    return get_thread_head(session, viewer=viewer, thread_id=thread_id).row.thread


def get_message(session: Session, *, viewer: Viewer, message_id: uuid.UUID) -> Message:
    """Raises ThreadMissing."""
    query = sa.select(Message).where(Message.id == message_id, Message.brand_id.in_(viewer.brand_ids))
    message = session.execute(query).scalar_one_or_none()
    if message is None:
        raise ThreadMissing(str(message_id))
    return message


def get_attachment(session: Session, *, viewer: Viewer, attachment_id: uuid.UUID) -> Attachment:
    """A file of a message the viewer may see, or their own upload. Raises ThreadMissing."""
    in_sight = sa.exists(sa.select(Message.id).where(Message.id == Attachment.message_id, Message.brand_id.in_(viewer.brand_ids)))
    own_upload = sa.and_(Attachment.message_id.is_(None), Attachment.uploaded_by_user_id == viewer.user_id)
    query = sa.select(Attachment).where(Attachment.id == attachment_id, sa.or_(in_sight, own_upload))
    attachment = session.execute(query).scalar_one_or_none()
    if attachment is None:
        raise ThreadMissing(str(attachment_id))
    return attachment

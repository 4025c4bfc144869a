"""Read threads and messages for the API, with any filter and sort.

As in `queries.py`, a list runs one keyset scan per visible brand and merges the results. Each scan can then use an index
that begins with the brand: `ix_threads_all` and `ix_threads_created`, `ix_messages_brand` (and `ix_messages_timeline` within
a thread). Every result is limited to the brands of the viewer.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.keyset import Place, Sort, after, cut, matching, ordering, read_cursor
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, BrandMember, Team, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.connections.models import Channel
from app.domain.contacts.actions import IdentityInput
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.orders.models import Order, OrderThread
from app.domain.threads.models import (
    Attachment,
    Message,
    MessageType,
    Priority,
    Thread,
    ThreadAlias,
    ThreadRead,
    ThreadStatus,
    ThreadType,
)
from app.domain.threads.order_threads import is_about_order
from app.domain.threads.queries import ThreadMissing
from app.domain.threads.triage_models import ThreadTag

NOBODY = "none"
Assignee, Creator, Sender = aliased(User), aliased(User), aliased(User)


@dataclass(frozen=True)
class ThreadConditions:
    """Filters for a list of threads. A filter that is None does not limit the list.

    A user is given by the id of the user's contact. NOBODY in place of an id finds threads without an assignee or without a
    team.
    """

    status: ThreadStatus | None = None
    priority: Priority | None = None
    thread_type: ThreadType | None = None
    channel_id: uuid.UUID | None = None
    brand: str | None = None
    customer_contact_id: uuid.UUID | None = None
    partner_contact_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    assigned_to_contact_id: uuid.UUID | str | None = None
    assigned_team_id: uuid.UUID | str | None = None
    created_by_contact_id: uuid.UUID | None = None
    tags: str | None = None
    unread: bool | None = None


@dataclass(frozen=True)
class ThreadRecord:
    thread: Thread
    brand_key: str
    assigned_to_contact_id: uuid.UUID | None
    created_by_contact_id: uuid.UUID | None
    unread: bool
    order_id: uuid.UUID | None


@dataclass(frozen=True)
class MessageConditions:
    """Filters for a list of messages. A filter that is None does not limit the list."""

    thread_id: uuid.UUID | None = None
    channel_id: uuid.UUID | None = None
    message_types: tuple[MessageType, ...] | None = None
    delivery_status: str | None = None
    sender_contact_id: uuid.UUID | None = None
    external_message_id: str | None = None


@dataclass(frozen=True)
class MessageRecord:
    message: Message
    sender_user_contact_id: uuid.UUID | None
    thread_contact_id: uuid.UUID | None
    attachments: tuple[Attachment, ...]


def list_thread_records(
    session: Session, *, viewer: Viewer, conditions: ThreadConditions, sort: Sort, cursor: str | None = None, limit: int = 50
) -> Page[ThreadRecord]:
    """List a page of threads. One query. `sort.field` is created_at or last_message_at. Raises BadCursor."""
    column = {"created_at": Thread.created_at, "last_message_at": Thread.last_message_at}[sort.field]
    scan = sa.select(Thread.id).where(*_thread_conditions(viewer, conditions))
    if cursor is not None:
        scan = scan.where(after(read_cursor(sort, cursor), sort, column, Thread.id))
    found = _per_brand(viewer, scan.add_columns(column.label("place")), Thread.brand_id, Thread.id, column, sort, limit + 1)
    query = _thread_query(viewer).join(found, found.c.id == Thread.id).order_by(*ordering(sort, column, Thread.id))
    records = [_thread_record(row) for row in session.execute(query)]
    return cut(records, limit, sort, lambda r: Place(getattr(r.thread, sort.field), r.thread.id))


def _per_brand(
    viewer: Viewer,
    scan: sa.Select[*tuple[Any, ...]],
    brand_column: sa.SQLColumnExpression[Any],
    id_column: sa.SQLColumnExpression[Any],
    place: sa.SQLColumnExpression[Any],
    sort: Sort,
    limit: int,
) -> sa.Subquery:
    """Return a subquery of the ids of the first `limit` rows of `scan` over all visible brands.

    `scan` selects an id and its `place`, the value it is sorted by. At most `limit` rows of each brand are scanned.
    """
    brands = sa.func.unnest(sa.cast(list(viewer.brand_ids), sa.ARRAY(sa.Uuid))).table_valued("id", name="brand").render_derived()
    each = scan.where(brand_column == brands.c.id).order_by(*ordering(sort, place, id_column)).limit(limit).lateral("scan")
    merged = sa.select(each.c.id).select_from(brands.join(each, sa.true()))
    return merged.order_by(*ordering(sort, each.c.place, each.c.id)).limit(limit).subquery("found")


def _thread_conditions(viewer: Viewer, wanted: ThreadConditions) -> list[sa.ColumnElement[bool]]:
    conditions = matching(
        {
            Thread.status: wanted.status,
            Thread.priority: wanted.priority,
            Thread.thread_type: wanted.thread_type,
            Thread.channel_id: wanted.channel_id,
            Thread.contact_id: wanted.customer_contact_id,
            Thread.partner_contact_id: wanted.partner_contact_id,
        }
    )
    if wanted.brand is not None:
        conditions.append(Thread.brand_id == sa.select(Brand.id).where(Brand.key == wanted.brand).scalar_subquery())
    if wanted.order_id is not None:
        conditions.append(is_about_order(wanted.order_id))
    conditions += _person(Thread.assignee_user_id, wanted.assigned_to_contact_id)
    conditions += _person(Thread.created_by_user_id, wanted.created_by_contact_id)
    if wanted.assigned_team_id is not None:
        nobody = wanted.assigned_team_id == NOBODY
        conditions.append(Thread.team_id.is_(None) if nobody else Thread.team_id == wanted.assigned_team_id)
    if wanted.tags is not None:
        conditions.append(Thread.id.in_(sa.select(ThreadTag.thread_id).where(ThreadTag.tag == wanted.tags)))
    if wanted.unread is not None:
        conditions.append(_is_unread(viewer) if wanted.unread else sa.not_(_is_unread(viewer)))
    return conditions


def _person(column: sa.orm.InstrumentedAttribute[Any], contact_id: uuid.UUID | str | None) -> list[sa.ColumnElement[bool]]:
    if contact_id is None:
        return []
    if contact_id == NOBODY:
        return [column.is_(None)]
    return [column == sa.select(User.id).where(User.contact_id == contact_id).scalar_subquery()]


def _is_unread(viewer: Viewer) -> sa.ColumnElement[bool]:
    seen = sa.and_(
        ThreadRead.thread_id == Thread.id, ThreadRead.user_id == viewer.user_id, ThreadRead.seen_seq >= Thread.inbound_seq
    )
    return sa.and_(Thread.inbound_seq > 0, ~sa.exists().where(seen))


def _thread_query(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            Thread,
            Brand.key,
            Assignee.contact_id.label("assignee"),
            Creator.contact_id.label("creator"),
            _is_unread(viewer).label("unread"),
            _order_id().label("order_id"),
        )
        .join(Brand, Brand.id == Thread.brand_id)
        .outerjoin(Assignee, Assignee.id == Thread.assignee_user_id)
        .outerjoin(Creator, Creator.id == Thread.created_by_user_id)
    )


def _order_id() -> sa.ScalarSelect[uuid.UUID]:
    """Return the subquery for the id of the newest order linked with the thread, or with a thread merged into it.

    Only orders of the thread's own brand count.
    """
    merged = sa.select(ThreadAlias.old_id).where(ThreadAlias.thread_id == Thread.id).correlate(Thread)
    linked = sa.or_(OrderThread.thread_id == Thread.id, OrderThread.thread_id.in_(merged))
    query = (
        sa.select(Order.id).join(OrderThread, OrderThread.order_id == Order.id).where(linked, Order.brand_id == Thread.brand_id)
    )
    return query.order_by(Order.created_at.desc(), Order.id.desc()).limit(1).correlate(Thread).scalar_subquery()


def _thread_record(row: sa.Row[*tuple[Any, ...]]) -> ThreadRecord:
    return ThreadRecord(row.Thread, row.key, row.assignee, row.creator, row.unread, row.order_id)


def get_thread_record(session: Session, *, viewer: Viewer, thread_id: uuid.UUID) -> ThreadRecord:
    """Return the thread, or the thread it was merged into.

    Raises `ThreadMissing` if it does not exist or the viewer may not see its brand.
    """
    found = find_thread_records(session, viewer=viewer, thread_ids=[thread_id])
    if found:
        return found[thread_id]
    alias = session.get(ThreadAlias, thread_id)
    if alias is None:
        raise ThreadMissing(str(thread_id))
    return get_thread_record(session, viewer=viewer, thread_id=alias.thread_id)


def find_thread_records(session: Session, *, viewer: Viewer, thread_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, ThreadRecord]:
    """Return the threads with these ids that the viewer may see, as a dict from thread id to record."""
    query = _thread_query(viewer).where(Thread.id.in_(thread_ids), Thread.brand_id.in_(viewer.brand_ids))
    return {row.Thread.id: _thread_record(row) for row in session.execute(query)} if thread_ids else {}


def list_message_records(
    session: Session, *, viewer: Viewer, conditions: MessageConditions, sort: Sort, cursor: str | None = None, limit: int = 50
) -> Page[MessageRecord]:
    """List a page of messages. Raises BadCursor.

    `sort.field` must be created_at; for messages it means their time in the timeline. Runs two queries, or three if the
    messages of one thread are asked for.
    """
    scan = sa.select(Message.id, Message.occurred_at.label("place")).where(*_message_conditions(session, viewer, conditions))
    if cursor is not None:
        scan = scan.where(after(read_cursor(sort, cursor), sort, Message.occurred_at, Message.id))
    if conditions.thread_id is not None:
        found = scan.where(Message.brand_id.in_(viewer.brand_ids))
        found = found.order_by(*ordering(sort, Message.occurred_at, Message.id)).limit(limit + 1)
        ids = found.subquery("found")
    else:
        ids = _per_brand(viewer, scan, Message.brand_id, Message.id, Message.occurred_at, sort, limit + 1)
    query = _message_query().join(ids, ids.c.id == Message.id).order_by(*ordering(sort, Message.occurred_at, Message.id))
    records = _message_records(session, session.execute(query).all())
    return cut(records, limit, sort, lambda r: Place(r.message.occurred_at, r.message.id))


def _message_conditions(session: Session, viewer: Viewer, wanted: MessageConditions) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.thread_id is not None:
        alias = session.get(ThreadAlias, wanted.thread_id)
        conditions.append(Message.thread_id == (alias.thread_id if alias else wanted.thread_id))
    if wanted.channel_id is not None:
        conditions.append(Message.channel_id == wanted.channel_id)
    if wanted.message_types is not None:
        conditions.append(Message.message_type.in_(wanted.message_types))
    if wanted.delivery_status is not None:
        conditions.append(Message.delivery_status == wanted.delivery_status)
    if wanted.external_message_id is not None:
        conditions.append(Message.external_id == wanted.external_message_id)
    if wanted.sender_contact_id is not None:
        colleague = sa.select(User.id).where(User.contact_id == wanted.sender_contact_id).scalar_subquery()
        conditions.append(sa.or_(Message.sender_contact_id == wanted.sender_contact_id, Message.sender_user_id == colleague))
    return conditions


def _message_query() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(Message, Sender.contact_id.label("sender_user_contact_id"), Thread.contact_id.label("thread_contact_id"))
        .join(Thread, Thread.id == Message.thread_id)
        .outerjoin(Sender, Sender.id == Message.sender_user_id)
    )


def get_message_record(session: Session, *, viewer: Viewer, message_id: uuid.UUID) -> MessageRecord:
    """Return the message. Raises `ThreadMissing` if it does not exist or the viewer may not see its brand."""
    found = find_message_records(session, viewer=viewer, message_ids=[message_id])
    if not found:
        raise ThreadMissing(str(message_id))
    return found[0]


def find_message_records(session: Session, *, viewer: Viewer, message_ids: Sequence[uuid.UUID]) -> list[MessageRecord]:
    """Return the messages with these ids that the viewer may see, sorted by thread and, within a thread, by order of arrival."""
    query = _message_query().where(Message.id.in_(message_ids), Message.brand_id.in_(viewer.brand_ids))
    return _message_records(session, session.execute(query.order_by(Message.thread_id, Message.seq)).all())


def _message_records(session: Session, rows: Sequence[sa.Row[*tuple[Any, ...]]]) -> list[MessageRecord]:
    files: dict[uuid.UUID, list[Attachment]] = defaultdict(list)
    query = sa.select(Attachment).where(Attachment.message_id.in_([row.Message.id for row in rows]))
    if rows:
        for attachment in session.execute(query.order_by(Attachment.position, Attachment.id)).scalars():
            if attachment.message_id is not None:
                files[attachment.message_id].append(attachment)
    return [
        MessageRecord(row.Message, row.sender_user_contact_id, row.thread_contact_id, tuple(files[row.Message.id]))
        for row in rows
    ]


def contact_in_sight(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the SQL condition for contacts that the viewer may see.

    These are the contacts with a thread the viewer sees, and those without any thread. Nobody sees merged contacts.
    """
    stands = Contact.merged_into_id.is_(None)
    if viewer.may(Permission.BRANDS_ALL):
        return stands
    # One index probe per contact. As EXISTS it would be hashed: a scan of all threads for a page of fifty contacts.
    seen = sa.select(sa.func.bool_or(Thread.brand_id.in_(viewer.brand_ids))).where(Thread.contact_id == Contact.id)
    return sa.and_(stands, sa.func.coalesce(seen.correlate(Contact).scalar_subquery(), sa.true()))


def is_reserved(session: Session, *, viewer: Viewer, identities: Iterable[IdentityInput]) -> bool:
    """Return True if the viewer may not give one of these identities to a contact.

    This is so if a contact that the viewer does not see has the identity, or if one of our channels has it. Both cases give
    the same answer, so that nobody can find out by trying addresses who writes to other brands.
    """
    wanted = {(identity.kind, identity.value) for identity in identities}
    if not wanted or viewer.may(Permission.BRANDS_ALL):
        return False
    query = sa.select(ContactIdentity.kind, ContactIdentity.value, contact_in_sight(viewer).label("is_seen"))
    query = query.join(Contact, Contact.id == ContactIdentity.contact_id)
    key = sa.tuple_(ContactIdentity.kind, ContactIdentity.value)
    known = session.execute(query.where(key.in_(wanted), ContactIdentity.scope == "")).all()
    if not all(row.is_seen for row in known):
        return True
    free = wanted - {(row.kind, row.value) for row in known}
    ours = session.execute(sa.select(Channel.address, Channel.display_address)).all() if free else ()
    return not {_as_compared(value) for _kind, value in free}.isdisjoint(_as_compared(text) for row in ours for text in row)


def _as_compared(address: str | None) -> str:
    return "".join((address or "").lower().split()).lstrip("+")


def find_brand_id(session: Session, *, viewer: Viewer, key: str) -> uuid.UUID | None:
    """Return the id of the brand with this key if the viewer sees it and it is not archived, else None."""
    query = sa.select(Brand.id).where(Brand.key == key, Brand.id.in_(viewer.brand_ids), Brand.archived_at.is_(None))
    return session.execute(query).scalar_one_or_none()


def find_assignable_user_id(
    session: Session, *, contact_id: uuid.UUID, brand_id: uuid.UUID, permissions: Collection[Permission]
) -> uuid.UUID | None:
    """Return the id of the active user whose contact this is, or None.

    The user must see the brand and have at least one of the permissions; otherwise the result is None.
    """
    member = sa.exists().where(BrandMember.user_id == User.id, BrandMember.brand_id == brand_id)
    may_have_it = sa.and_(users_with(*permissions), sa.or_(users_with(Permission.BRANDS_ALL), member))
    query = sa.select(User.id).where(User.contact_id == contact_id, User.disabled_at.is_(None), may_have_it)
    return session.execute(query).scalar_one_or_none()


def team_exists(session: Session, team_id: uuid.UUID) -> bool:
    return session.get(Team, team_id) is not None


def find_free_uploads(session: Session, *, viewer: Viewer, attachment_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return the ids of files that the viewer uploaded and that are in no message yet."""
    mine = sa.and_(
        Attachment.id.in_(attachment_ids), Attachment.uploaded_by_user_id == viewer.user_id, Attachment.message_id.is_(None)
    )
    return set(session.execute(sa.select(Attachment.id).where(mine)).scalars())

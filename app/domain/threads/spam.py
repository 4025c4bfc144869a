"""Mark threads as spam, block senders, and undo both.

A spam thread has `threads.spam_at` set; `threads.spam_former` stores its state before. Messages that arrive in it are stored
like any other and stay in it. A blocked sender is an identity whose messages to one brand go to spam.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.contacts.actions import DISPLAY_ONLY, IdentityInput
from app.domain.contacts.models import ContactIdentity
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.models import Thread, ThreadStatus
from app.domain.threads.spam_models import BlockedSender
from app.domain.threads.timeline import list_assignable_users


def mark_spam(session: Session, *, thread_id: uuid.UUID, now: datetime, actor: Actor = SYSTEM, because: str = "user") -> Thread:
    """Mark the thread as spam. `because` is "user" or "sender" (the sender is blocked). Raises ThreadMissing.

    A thread that is already spam, or is an internal ticket, is not changed.
    """
    thread = lock_thread(session, thread_id)
    if thread.spam_at is not None or thread.is_ticket:
        return thread
    thread.spam_former = _standing(thread)
    thread.spam_at = thread.resolved_at = now
    thread.status, thread.snoozed_until, thread.assignee_user_id = ThreadStatus.CLOSED, None, None
    thread.version += 1
    record(session, "ThreadMarkedSpam", subject=subject_of(thread), now=now, actor=actor, payload={"because": because})
    return thread


def _standing(thread: Thread) -> dict[str, Any]:
    resolved_at, until, assignee = thread.resolved_at, thread.snoozed_until, thread.assignee_user_id
    return {
        "status": thread.status.value,
        "resolved_at": resolved_at.isoformat() if resolved_at else None,
        "snoozed_until": until.isoformat() if until else None,
        "assignee": str(assignee) if assignee else None,
    }


def end_spam(session: Session, *, thread_id: uuid.UUID, actor: Actor, now: datetime) -> Thread:
    """Restore the thread as it was before it was marked as spam. A thread that is no spam is not changed. Raises ThreadMissing.

    If its snooze ended meanwhile, the next round of the job wakes it.
    """
    thread = lock_thread(session, thread_id)
    if thread.spam_at is None:
        return thread
    former = thread.spam_former or {}
    thread.spam_at = thread.spam_former = None
    thread.status = ThreadStatus(former.get("status", ThreadStatus.OPEN))
    thread.resolved_at, thread.snoozed_until = _time(former.get("resolved_at")), _time(former.get("snoozed_until"))
    if thread.assignee_user_id is None:
        thread.assignee_user_id = _still_assignable(session, thread, former.get("assignee"))
    thread.version += 1
    record(session, "SpamEnded", subject=subject_of(thread), now=now, actor=actor, payload={"because": "user"})
    return thread


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _still_assignable(session: Session, thread: Thread, user_id: str | None) -> uuid.UUID | None:
    wanted = uuid.UUID(user_id) if user_id else None
    return wanted if wanted in dict(list_assignable_users(session, thread.brand_id)) else None


def block_sender(session: Session, *, thread_id: uuid.UUID, actor: Actor, now: datetime) -> int:
    """Block every identity of the thread's contact for the thread's brand. Return how many were not blocked before. Raises
    ThreadMissing."""
    thread = lock_thread(session, thread_id)
    columns = ("brand_id", "kind", "scope", "value", "blocked_by_user_id", "blocked_at")
    theirs = sa.select(
        sa.literal(thread.brand_id, sa.Uuid),
        ContactIdentity.kind,
        ContactIdentity.scope,
        ContactIdentity.value,
        sa.literal(actor.user_id, sa.Uuid),
        sa.literal(now, sa.DateTime(timezone=True)),
    ).where(ContactIdentity.contact_id == thread.contact_id, ContactIdentity.kind.not_in(DISPLAY_ONLY))
    blocking = postgresql.insert(BlockedSender).from_select(columns, theirs).on_conflict_do_nothing()
    count = len(session.execute(blocking.returning(BlockedSender.value)).all())
    if count:
        about, payload = ("contact", thread.contact_id), {"contact_id": str(thread.contact_id)}
        record(session, "SenderBlocked", subject=subject_of(thread), now=now, actor=actor, payload=payload, about=about)
    return count


def lift_block(
    session: Session, *, contact_id: uuid.UUID, brand_id: uuid.UUID, actor: Actor, now: datetime, thread: Thread | None = None
) -> int:
    """Unblock this contact for this brand. Return how many of the contact's identities were blocked."""
    theirs = sa.select(ContactIdentity.kind, ContactIdentity.scope, ContactIdentity.value)
    theirs = theirs.where(ContactIdentity.contact_id == contact_id)
    key = sa.tuple_(BlockedSender.kind, BlockedSender.scope, BlockedSender.value)
    lifting = sa.delete(BlockedSender).where(BlockedSender.brand_id == brand_id, key.in_(theirs))
    statement = lifting.returning(BlockedSender.value).execution_options(synchronize_session=False)
    count = len(session.execute(statement).all())
    if count:
        subject = subject_of(thread) if thread is not None else Subject(brand_id=brand_id)
        about, payload = ("contact", contact_id), {"contact_id": str(contact_id)}
        record(session, "BlockLifted", subject=subject, now=now, actor=actor, payload=payload, about=about)
    return count


def is_blocked(session: Session, *, brand_id: uuid.UUID, identities: Sequence[IdentityInput]) -> bool:
    """Return whether one of a sender's identities is blocked for the brand."""
    keys = [(i.kind, i.scope, i.value) for i in identities if i.kind not in DISPLAY_ONLY]
    if not keys:
        return False
    key = sa.tuple_(BlockedSender.kind, BlockedSender.scope, BlockedSender.value)
    found = sa.select(BlockedSender.brand_id).where(BlockedSender.brand_id == brand_id, key.in_(keys))
    return session.execute(found.limit(1)).first() is not None


@dataclass(frozen=True)
class Block:
    """One brand for which a contact is blocked, since when and by whom. `blocked_by` is "" if this user was deleted."""

    brand_id: uuid.UUID
    brand_name: str
    blocked_at: datetime
    blocked_by: str


def list_blocks(session: Session, *, viewer: Viewer, contact_id: uuid.UUID) -> list[Block]:
    """List the viewer's brands for which the contact is blocked, sorted by brand name."""
    same = sa.and_(
        BlockedSender.kind == ContactIdentity.kind,
        BlockedSender.scope == ContactIdentity.scope,
        BlockedSender.value == ContactIdentity.value,
    )
    query = (
        sa.select(Brand.id, Brand.name, BlockedSender.blocked_at, User.name)
        .select_from(ContactIdentity)
        .join(BlockedSender, same)
        .join(Brand, Brand.id == BlockedSender.brand_id)
        .outerjoin(User, User.id == BlockedSender.blocked_by_user_id)
        .where(ContactIdentity.contact_id == contact_id, BlockedSender.brand_id.in_(viewer.brand_ids))
        .order_by(Brand.name, Brand.id, BlockedSender.blocked_at)
    )
    found: dict[uuid.UUID, Block] = {}
    for brand_id, brand_name, at, by in session.execute(query):
        found.setdefault(brand_id, Block(brand_id, brand_name, at, by or ""))
    return list(found.values())

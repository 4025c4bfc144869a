"""Open internal tickets: threads among colleagues. Their messages are notes, and nothing is sent outside."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import BrandMember, User
from app.domain.accounts.permissions import Permission, role_may, users_with
from app.domain.events.actions import Actor, record
from app.domain.orders.models import Order
from app.domain.threads.about import link_by_hand
from app.domain.threads.actions import (
    NewThread,
    add_note,
    assign_thread,
    create_thread,
    find_by_client_token,
    lock_thread,
    subject_of,
)
from app.domain.threads.models import Priority, Thread, ThreadType


@dataclass(frozen=True)
class NewTicket:
    """A ticket as a person enters it. `about` is the thread and `order` the order that it is about, both of the ticket's brand.

    The caller has checked brand and assignee.
    """

    brand_id: uuid.UUID
    subject: str
    text: str = ""
    priority: Priority = Priority.NORMAL
    assignee_user_id: uuid.UUID | None = None
    about: Thread | None = None
    order: Order | None = None


def open_ticket(
    session: Session, new: NewTicket, *, actor: Actor, author_name: str, now: datetime, client_token: uuid.UUID | None = None
) -> Thread:
    """Create the ticket with its first note. If `text` is empty, the note has the subject as its text.

    If `client_token` was used before, return the ticket that exists already.
    """
    session.execute(sa.select(User.id).where(User.id == actor.user_id).with_for_update(key_share=True))  # two clicks take turns
    repeat = find_by_client_token(session, actor.user_id, client_token)
    if repeat is not None:
        return session.get_one(Thread, repeat.thread_id)
    about = new.about
    thread = create_thread(
        session,
        NewThread(
            brand_id=new.brand_id,
            medium="internal",
            subject=new.subject,
            contact_id=about.contact_id if about else None,
            thread_type=ThreadType.INTERNAL_TICKET,
            priority=new.priority,
            created_by_user_id=actor.user_id,
        ),
        now=now,
        actor=actor,
    )
    thread.about_thread_id = about.id if about else None
    session.flush()  # the note reads the thread again
    text = new.text or new.subject
    note = add_note(
        session, thread_id=thread.id, text=text, actor=actor, author_name=author_name, now=now, client_token=client_token
    )
    note.subject = new.subject  # searches look at the words of messages
    if new.assignee_user_id is not None:
        assign_thread(session, thread_id=thread.id, assignee_user_id=new.assignee_user_id, actor=actor, now=now)
    if new.order is not None:
        link_by_hand(session, lock_thread(session, thread.id), new.order, actor=actor, now=now)
    if about is not None:
        payload = {"number": thread.number, "ticket_id": str(thread.id)}
        record(session, "TicketOpened", subject=subject_of(about), now=now, actor=actor, payload=payload)
    session.flush()
    return thread


def list_ticket_people(session: Session, brand_ids: tuple[uuid.UUID, ...]) -> dict[uuid.UUID, tuple[str, frozenset[uuid.UUID]]]:
    """Return a dict from user id to (name, ids of those of the brands that the user sees). One query.

    It has the active users who may answer threads and see at least one of the brands, sorted by name.
    """
    brands = sa.func.array_agg(BrandMember.brand_id).filter(BrandMember.brand_id.is_not(None))
    member = sa.and_(BrandMember.user_id == User.id, BrandMember.brand_id.in_(brand_ids))
    query = sa.select(User.id, User.name, User.role, brands.label("brands")).outerjoin(BrandMember, member)
    query = query.where(User.disabled_at.is_(None), users_with(Permission.THREADS_REPLY))
    query = query.where(sa.or_(users_with(Permission.BRANDS_ALL), BrandMember.user_id.is_not(None)))
    rows = session.execute(query.group_by(User.id, User.name, User.role).order_by(User.name, User.id))
    return {row.id: (row.name, frozenset(brand_ids if role_may(row.role, Permission.BRANDS_ALL) else row.brands)) for row in rows}

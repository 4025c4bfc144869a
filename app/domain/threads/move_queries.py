"""Read the choices of merge and split: target threads, split messages, moves that can be undone.

All results are within the brand of the thread that the user looks at, as threads of two brands are never merged.
"""

from __future__ import annotations

import re
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.contacts.models import Contact
from app.domain.threads.models import Message, Thread
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.queries import ThreadMissing, ThreadRow, list_rows

OFFERED = 8
LOOKED_AT = 200  # hits of one kind that are put in order; beyond that the words say too little
SPLIT_PLACES = 50
NUMBER = re.compile(r"#?\s*(\d{1,12})$")


def list_merge_targets(session: Session, *, viewer: Viewer, thread: Thread, text: str = "") -> list[ThreadRow]:
    """List at most OFFERED threads into which `thread` can be merged: threads of its contact first, then the newest first.

    `text` searches for a number (#17), words of a subject, or a contact's name. "" lists the contact's threads and the
    newest of the brand. Three queries at most.
    """
    text = text.strip()[:100]
    found = _found(thread, text) if text else _at_hand(thread)
    others = sa.select(Thread.id).where(
        Thread.id.in_(found), Thread.id != thread.id, Thread.brand_id == thread.brand_id, Thread.brand_id.in_(viewer.brand_ids)
    )
    own = sa.func.coalesce(Thread.contact_id == thread.contact_id, sa.false())
    others = others.order_by(own.desc(), Thread.last_message_at.desc(), Thread.id.desc()).limit(OFFERED)
    ids = list(session.execute(others).scalars())
    rows = {row.thread.id: row for row in list_rows(session, viewer=viewer, thread_ids=ids)}
    return [rows[thread_id] for thread_id in ids if thread_id in rows]


def _at_hand(thread: Thread) -> sa.Select[uuid.UUID]:
    newest = sa.select(Thread.id).where(Thread.brand_id == thread.brand_id)
    newest = newest.order_by(Thread.last_message_at.desc(), Thread.id.desc()).limit(OFFERED + 1)
    if thread.contact_id is None:
        return newest
    of_contact = sa.select(Thread.id).where(Thread.contact_id == thread.contact_id)
    of_contact = of_contact.order_by(Thread.last_message_at.desc()).limit(OFFERED + 1)
    both = sa.union_all(of_contact.subquery().select(), newest.subquery().select()).subquery()
    return sa.select(both.c.id)


def _found(thread: Thread, text: str) -> sa.Select[uuid.UUID]:
    brand = Thread.brand_id == thread.brand_id
    named = sa.select(Contact.id).where(Contact.name.icontains(text, autoescape=True)).limit(LOOKED_AT)
    by = [
        sa.select(Thread.id).where(brand, Thread.subject.icontains(text, autoescape=True)).limit(LOOKED_AT),
        sa.select(Thread.id).where(brand, Thread.contact_id.in_(named)).limit(LOOKED_AT),
    ]
    number = NUMBER.match(text)
    if number:
        by.append(sa.select(Thread.id).where(brand, Thread.number == int(number[1])))
    found = sa.union_all(*(one.subquery().select() for one in by)).subquery()
    return sa.select(found.c.id)


def list_split_places(session: Session, *, thread: Thread) -> list[Message]:
    """List messages at which the thread can be split, newest first. These are all but its first message, at most SPLIT_PLACES."""
    query = sa.select(Message).where(Message.thread_id == thread.id)
    found = session.execute(query.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(SPLIT_PLACES + 1)).scalars().all()
    return list(found[:-1])


def lock_batch(session: Session, *, viewer: Viewer, batch_id: uuid.UUID) -> list[ThreadMove]:
    """Lock and return the moves of one request, the last one first. Raises `ThreadMissing` if the viewer sees none of them."""
    query = sa.select(ThreadMove).where(ThreadMove.batch_id == batch_id, ThreadMove.brand_id.in_(viewer.brand_ids))
    moves = list(session.execute(query.order_by(ThreadMove.id.desc()).with_for_update()).scalars())
    if not moves:
        raise ThreadMissing(str(batch_id))
    return moves

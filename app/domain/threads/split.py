"""Split a thread at a message into two, and undo that.

Both threads renumber their messages without gaps, so that counts and read marks are right in both. An undo moves every
message back to its place. Messages that came to either thread after the split are kept. In the old thread they come behind
the messages that are moved back. If there are such messages in the new thread, it stays, with them. Otherwise the new thread
is merged into the old one, with the notes, drafts and tasks people added, and its id leads to the old thread.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.events.actions import Actor, record
from app.domain.threads.actions import NewThread, create_thread, lock_thread, subject_of
from app.domain.threads.forward_drafts import move_forward_drafts
from app.domain.threads.merge import ATTACHMENTS, EVENTS, MESSAGES, fold_in, forget_messages, remove_thread, summarise_again
from app.domain.threads.models import Message, MessageType, Thread, ThreadRead
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.row_moves import (
    add_move,
    check_undoable,
    close_ranks,
    move_rows,
    moved_ids,
    restore_columns,
    restore_people,
    return_rows,
    snapshot,
)

READS = table_of(ThreadRead)


class UnableToSplit(Exception):
    """Raised when no message would be left before the split, or when the message is in another thread now."""


def split_thread(
    session: Session,
    *,
    thread_id: uuid.UUID,
    from_message_id: uuid.UUID,
    subject: str,
    now: datetime,
    actor: Actor,
    batch_id: uuid.UUID | None = None,
) -> Thread:
    """Move the message and everything after it in the timeline to a new thread, and return the new thread.

    The new thread is open and has the old one's brand, partner, priority, team and assignee. Its channel and customer are
    those of the message if it has them, otherwise the old one's. The old thread keeps its status, tags, tasks and drafts,
    except drafts of forwards of moved messages. Raises UnableToSplit.
    """
    thread = lock_thread(session, thread_id)
    first = session.get(Message, from_message_id, populate_existing=True)
    if first is None or first.thread_id != thread.id:
        raise UnableToSplit(str(from_message_id))
    place = sa.tuple_(sa.literal(first.occurred_at, sa.DateTime(timezone=True)), sa.literal(first.id, sa.Uuid))
    moving = sa.tuple_(MESSAGES.c.occurred_at, MESSAGES.c.id) >= place
    stays = sa.exists(sa.select(MESSAGES.c.id).where(MESSAGES.c.thread_id == thread.id, ~moving))
    if not session.execute(sa.select(stays)).scalar_one():
        raise UnableToSplit(str(from_message_id))
    former = {"from": snapshot(session, thread.id)}
    new = _new_thread(session, thread, first, subject, now=now, actor=actor)
    move = add_move(session, kind="split", batch_id=batch_id, origin=thread, target=new, former=former, now=now, actor=actor)
    _move_messages(session, move, thread, new, moving)
    _sum_up(session, thread, new)
    _share_reads(session, move, thread, new)
    move_forward_drafts(session, origin=thread.id, target=new.id)
    payload = {"move_id": str(move.id), "batch_id": str(move.batch_id), "split_thread_id": str(new.id), "number": new.number}
    record(session, "ThreadSplit", subject=subject_of(thread), now=now, actor=actor, payload=payload)
    came_from = {"move_id": str(move.id), "origin_thread_id": str(thread.id), "number": thread.number}
    record(session, "ThreadSplitOff", subject=subject_of(new), now=now, actor=actor, payload=came_from)
    session.flush()
    move.latter = {"from": snapshot(session, thread.id), "to": snapshot(session, new.id)}
    session.flush()
    return new


def _new_thread(session: Session, thread: Thread, first: Message, subject: str, *, now: datetime, actor: Actor) -> Thread:
    new = NewThread(
        brand_id=thread.brand_id,
        medium=thread.medium if first.message_type == MessageType.INTERNAL_NOTE else first.medium,
        subject=subject,
        channel_id=first.channel_id or thread.channel_id,
        contact_id=first.sender_contact_id or thread.contact_id,
        thread_type=thread.thread_type,
        priority=thread.priority,
        created_by_user_id=thread.created_by_user_id,
        external_references=thread.external_references,
    )
    made = create_thread(session, new, now=now, at=first.occurred_at, actor=actor)
    made.assignee_user_id, made.team_id, made.partner_contact_id = (
        thread.assignee_user_id,
        thread.team_id,
        thread.partner_contact_id,
    )
    session.flush()
    return made


def _move_messages(session: Session, move: ThreadMove, thread: Thread, new: Thread, moving: sa.ColumnElement[bool]) -> None:
    to: dict[str, Any] = {"move_id": move.id, "origin": thread.id, "target": new.id}
    going = MESSAGES.alias("going")
    place = sa.func.row_number().over(order_by=going.c.seq).label("place")
    goes = sa.tuple_(going.c.occurred_at, going.c.id) >= moving.right
    ranked = sa.select(going.c.id, place).where(going.c.thread_id == thread.id, goes).subquery("ranked")
    seq = sa.select(ranked.c.place).where(ranked.c.id == MESSAGES.c.id).scalar_subquery()
    new.message_count = move_rows(session, MESSAGES, where=(moving,), seq=seq, **to)
    ids = moved_ids(move.id, "messages")
    move_rows(session, ATTACHMENTS, where=(ATTACHMENTS.c.message_id.in_(ids),), **to)
    move_rows(session, EVENTS, where=(EVENTS.c.message_id.in_(ids),), **to)
    forget_messages(session)


def _sum_up(session: Session, thread: Thread, new: Thread) -> None:
    """Recompute the preview, counts and times of both threads from their messages."""
    for each in (thread, new):
        incoming = sa.and_(Message.message_type == MessageType.INCOMING, Message.automatic.is_(None))
        numbers = sa.select(
            sa.func.coalesce(sa.func.max(Message.seq), 0),
            sa.func.coalesce(sa.func.max(Message.seq).filter(incoming), 0),
            sa.func.max(Message.occurred_at).filter(incoming),
        )
        highest, inbound, inbound_at = session.execute(numbers.where(Message.thread_id == each.id)).one()
        if each is thread and thread.inbound_seq <= highest:
            inbound = thread.inbound_seq  # its newest message did not go, or it was made unread without one
        if thread.window_opened_at is not None and inbound_at is not None:
            each.window_opened_at = min(thread.window_opened_at, inbound_at)
        each.message_count, each.inbound_seq, each.last_inbound_at = highest, inbound, inbound_at
        summarise_again(session, each, with_subject=False)
    thread.version += 1
    session.flush()


def _share_reads(session: Session, move: ThreadMove, thread: Thread, new: Thread) -> None:
    """Copy the read marks to the new thread: a user who had seen a message before the split has also seen it there."""
    seen = sa.text(
        "INSERT INTO thread_reads (user_id, thread_id, seen_seq, seen_at)"
        " SELECT r.user_id, :new, (SELECT count(*) FROM thread_move_items i"
        "   WHERE i.move_id = :move AND i.kind = 'messages' AND i.seq <= r.seen_seq), r.seen_at"
        " FROM thread_reads r WHERE r.thread_id = :old"
    )
    session.execute(seen, {"new": new.id, "old": thread.id, "move": move.id})
    beyond = sa.and_(READS.c.thread_id == thread.id, READS.c.seen_seq > thread.message_count)
    session.execute(sa.update(READS).where(beyond).values(seen_seq=thread.message_count))


def undo_split(session: Session, move: ThreadMove, *, now: datetime, actor: Actor) -> Thread:
    """Undo a split, as the module describes, and return the old thread. The caller has locked the move row. Raises
    UnableToUndo."""
    check_undoable(session, move, now=now)
    for thread_id in sorted((move.from_thread_id, move.to_thread_id)):
        lock_thread(session, thread_id)
    thread, new = lock_thread(session, move.from_thread_id), lock_thread(session, move.to_thread_id)
    move_forward_drafts(session, origin=new.id, target=thread.id, moved_by=move.id)
    came_since = thread.message_count > move.latter["from"]["thread"]["message_count"]
    _make_room(session, move, thread, came_since=came_since)
    back = {"move_id": move.id, "origin": new.id, "target": thread.id}
    for table in (MESSAGES, ATTACHMENTS, EVENTS):
        return_rows(session, table, **back)
    forget_messages(session)
    if came_since:
        _find_newest(session, thread)
    is_empty = session.execute(sa.select(Message.id).where(Message.thread_id == new.id).limit(1)).first() is None
    move.undone_at, move.undone_by_user_id = now, actor.user_id
    payload = {"move_id": str(move.id), "split_thread_id": str(new.id), "number": new.number}
    if is_empty:
        new.message_count = new.inbound_seq = 0
        fold_in(session, thread, new, move_id=None, now=now)
        payload["merged_thread_id"] = str(new.id)
    else:
        _keep_rest(session, move, new)
    record(session, "SplitUndone", subject=subject_of(thread), now=now, actor=actor, payload=payload)
    if is_empty:
        remove_thread(session, thread, new, now=now)
    session.flush()
    return thread


def _make_room(session: Session, move: ThreadMove, thread: Thread, *, came_since: bool) -> None:
    former, latter = move.former["from"], move.latter["from"]
    count, before = latter["thread"]["message_count"], former["thread"]["message_count"]
    restore_people(session, thread.id, former=former, latter=latter)
    restore_columns(session, thread, former=former["thread"], latter=latter["thread"])
    if came_since:
        close_ranks(session, thread, after=count, by=before - count, since=move.moved_at)


def _find_newest(session: Session, thread: Thread) -> None:
    incoming = (Message.thread_id == thread.id, Message.message_type == MessageType.INCOMING, Message.automatic.is_(None))
    newest = sa.select(sa.func.max(Message.seq), sa.func.max(Message.occurred_at)).where(*incoming)
    seq, at = session.execute(newest).one()
    if seq is not None:
        thread.inbound_seq, thread.last_inbound_at = seq, at
    summarise_again(session, thread, with_subject=False)


def _keep_rest(session: Session, move: ThreadMove, new: Thread) -> None:
    """Renumber the messages that came to the new thread after the split, which keeps only these."""
    count = move.latter["to"]["thread"]["message_count"]
    reads = sa.update(READS).where(READS.c.thread_id == new.id, READS.c.seen_seq <= count)
    session.execute(reads.values(seen_seq=0))
    inbound = new.inbound_seq
    close_ranks(session, new, after=count, by=-count, since=move.moved_at)
    new.inbound_seq = new.inbound_seq if inbound > count else 0
    new.version += 1
    summarise_again(session, new, with_subject=False)

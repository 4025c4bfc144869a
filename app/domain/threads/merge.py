"""Merge two threads into one, and undo that.

Moved rows are recorded in `thread_moves` and `thread_move_items`. An undo moves every message, read mark and draft back to
its thread. Later additions stay: messages that arrived in the kept thread after the merge remain there, behind its own
messages, and values that somebody changed meanwhile (status, assignee, tags …) are not restored. Of several moves of the
same threads, the last must be undone first.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.events.actions import SYSTEM, Actor, record
from app.domain.events.models import Event
from app.domain.threads.actions import change_status, lock_thread, preview_of, subject_of, wake_thread
from app.domain.threads.models import (
    Attachment,
    Message,
    MessageType,
    Priority,
    TakenBackMessage,
    Thread,
    ThreadAlias,
    ThreadRead,
    ThreadStatus,
)
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.row_moves import (
    add_move,
    check_undoable,
    close_ranks,
    move_rows,
    moved_ids,
    put_people,
    recreate_thread,
    restore_columns,
    restore_people,
    return_rows,
    snapshot,
)

PRIORITIES = list(Priority)
MESSAGES, ATTACHMENTS, ALIASES = table_of(Message), table_of(Attachment), table_of(ThreadAlias)
EVENTS, TAKEN_BACK = table_of(Event), table_of(TakenBackMessage)
_FOR_US = frozenset({ThreadStatus.OPEN, ThreadStatus.IN_PROGRESS, ThreadStatus.ESCALATED})


class UnableToMerge(Exception):
    """Raised when the two threads belong to different brands."""


def merge_threads(
    session: Session,
    *,
    keep_id: uuid.UUID,
    merge_id: uuid.UUID,
    now: datetime,
    actor: Actor = SYSTEM,
    batch_id: uuid.UUID | None = None,
) -> Thread:
    """Move everything of the thread `merge_id` into `keep_id`, behind what is there, and leave an alias. Return the kept
    thread.

    The kept thread counts as read for users who had read both threads. It takes the status of the other thread if its own
    was closed, or if it waited for the customer and the other waits for us. So open work stays open.
    Threads are locked in id order. Higher features whose tables refer to a thread (deliveries) move their rows in the same
    transaction, on the event `ThreadsMerged`. Raises UnableToMerge if the brands differ. Nothing changes if both ids are the
    same thread.
    """
    for thread_id in sorted((keep_id, merge_id)):
        lock_thread(session, thread_id)
    keep, gone = lock_thread(session, keep_id), lock_thread(session, merge_id)
    if keep.id == gone.id:
        return keep
    if keep.brand_id != gone.brand_id:
        raise UnableToMerge(str(merge_id))
    former = {"from": snapshot(session, gone.id), "to": snapshot(session, keep.id)}
    move = add_move(session, kind="merge", batch_id=batch_id, origin=gone, target=keep, former=former, now=now, actor=actor)
    fold_in(session, keep, gone, move_id=move.id, now=now)
    _take_over(session, keep, gone, now=now, actor=actor)
    payload = {"merged_thread_id": str(gone.id), "number": gone.number, "move_id": str(move.id), "batch_id": str(move.batch_id)}
    across = {"across_contacts": keep.contact_id != gone.contact_id}
    record(session, "ThreadsMerged", subject=subject_of(keep), now=now, actor=actor, payload={**payload, **across})
    remove_thread(session, keep, gone, now=now)
    move.latter = {"to": snapshot(session, keep.id)}
    session.flush()
    return keep


def fold_in(session: Session, keep: Thread, gone: Thread, *, move_id: uuid.UUID | None, now: datetime) -> None:
    """Move all rows of this feature from `gone` to `keep`. If `move_id` is None, nothing is recorded for an undo."""
    session.flush()
    offset = keep.message_count
    to: dict[str, Any] = {"move_id": move_id, "origin": gone.id, "target": keep.id}
    if gone.message_count:
        _settle_reads(session, keep, gone, now=now)
    files = ATTACHMENTS.c.message_id.in_(sa.select(MESSAGES.c.id).where(MESSAGES.c.thread_id == gone.id))
    move_rows(session, ATTACHMENTS, where=(files,), **to)
    move_rows(session, MESSAGES, seq=MESSAGES.c.seq + offset, **to)
    move_rows(session, TAKEN_BACK, seq=TAKEN_BACK.c.seq + offset, **to)
    move_rows(session, EVENTS, **to)
    move_rows(session, ALIASES, **to)
    _join_drafts(session, keep, gone)
    keep.message_count += gone.message_count
    if gone.inbound_seq:
        keep.inbound_seq = offset + gone.inbound_seq
    forget_messages(session)


def forget_messages(session: Session) -> None:
    """Expire loaded messages, attachments and events, so that moved rows are read again."""
    for loaded in session.identity_map.values():
        if isinstance(loaded, Message | Attachment | Event):
            session.expire(loaded)


def _settle_reads(session: Session, keep: Thread, gone: Thread, *, now: datetime) -> None:
    rows = session.execute(
        sa.select(ThreadRead.user_id, ThreadRead.thread_id, ThreadRead.seen_seq).where(
            ThreadRead.thread_id.in_((keep.id, gone.id))
        )
    ).all()
    seen = {(row.user_id, row.thread_id): row.seen_seq for row in rows}
    total = keep.message_count + gone.message_count
    for user_id in sorted({row.user_id for row in rows}):
        if all(seen.get((user_id, thread.id), 0) >= thread.inbound_seq for thread in (keep, gone)):
            read = postgresql.insert(ThreadRead).values(user_id=user_id, thread_id=keep.id, seen_seq=total, seen_at=now)
            session.execute(
                read.on_conflict_do_update(index_elements=["user_id", "thread_id"], set_={"seen_seq": total, "seen_at": now})
            )


def _join_drafts(session: Session, keep: Thread, gone: Thread) -> None:
    """Join drafts of the same kind that a user has in both threads into one, with the text of the kept thread first."""
    ids = {"keep": keep.id, "gone": gone.id}
    session.execute(_JOIN_DRAFTS, ids)
    session.execute(_MOVE_DRAFTS, ids)


_JOIN_DRAFTS = sa.text(
    "UPDATE drafts kept SET attachment_ids = kept.attachment_ids || other.attachment_ids,"
    " text = kept.text || CASE WHEN kept.text = '' OR other.text = '' THEN '' ELSE E'\\n\\n' END || other.text FROM drafts other"
    " WHERE kept.thread_id = :keep AND other.thread_id = :gone AND kept.user_id = other.user_id AND kept.kind = other.kind"
)
_MOVE_DRAFTS = sa.text(
    "UPDATE drafts other SET thread_id = :keep WHERE other.thread_id = :gone AND NOT EXISTS (SELECT FROM drafts kept"
    " WHERE kept.thread_id = :keep AND kept.user_id = other.user_id AND kept.kind = other.kind)"
)


def _take_over(session: Session, keep: Thread, gone: Thread, *, now: datetime, actor: Actor) -> None:
    """Copy values of the removed thread to the kept one.

    These are values that the kept thread lacks, the higher priority, the tags of both, and the preview of the newest
    message. The status is copied if the kept thread is closed or waits for less.
    """
    keep.version = max(keep.version, gone.version) + 1
    keep.created_at = min(keep.created_at, gone.created_at)
    keep.last_inbound_at = max(filter(None, [keep.last_inbound_at, gone.last_inbound_at]), default=None)
    keep.window_opened_at = max(filter(None, [keep.window_opened_at, gone.window_opened_at]), default=None)
    keep.response_due_at = min(filter(None, [keep.response_due_at, gone.response_due_at]), default=None)
    keep.contact_id = keep.contact_id or gone.contact_id
    keep.assignee_user_id = keep.assignee_user_id or gone.assignee_user_id
    keep.team_id = keep.team_id or gone.team_id
    keep.priority = max(keep.priority, gone.priority, key=PRIORITIES.index)
    keep.tags = list(dict.fromkeys([*keep.tags, *gone.tags]))
    keep.external_references = {**gone.external_references, **keep.external_references}
    if gone.last_message_at > keep.last_message_at:
        keep.last_message_at, keep.preview = gone.last_message_at, gone.preview
    session.flush()
    if gone.is_open and gone.snoozed_until is None:
        if not keep.is_open or (keep.status == ThreadStatus.WAITING_CUSTOMER and gone.status in _FOR_US):
            change_status(session, thread_id=keep.id, status=gone.status, now=now, actor=actor)
        wake_thread(session, keep, because="user", now=now, actor=actor)
    session.flush()


def remove_thread(session: Session, keep: Thread, gone: Thread, *, now: datetime) -> None:
    """Delete the emptied thread `gone`, and add an alias so that its id and number lead to `keep`."""
    session.add(ThreadAlias(old_id=gone.id, old_number=gone.number, thread_id=keep.id, merged_at=now))
    session.flush()
    session.delete(gone)
    session.flush()


def undo_merge(session: Session, move: ThreadMove, *, now: datetime, actor: Actor) -> Thread:
    """Undo a merge: recreate the removed thread with its id and number, and return it. The caller has locked the move row.

    Messages that came to the kept thread since then stay there and are renumbered without gaps. A message that was taken
    back since then does not come back. Raises UnableToUndo.
    """
    check_undoable(session, move, now=now)
    keep = lock_thread(session, move.to_thread_id)
    former, latter = move.former, move.latter["to"]
    session.execute(sa.delete(ThreadAlias).where(ThreadAlias.old_id == move.from_thread_id))
    version = max(int(former["from"]["thread"]["version"]), keep.version) + 1
    recreate_thread(session, former["from"]["thread"], version=version, contact_id=keep.contact_id)
    back = {"move_id": move.id, "origin": keep.id, "target": move.from_thread_id}
    returned = return_rows(session, MESSAGES, **back)
    for table in (ATTACHMENTS, TAKEN_BACK, EVENTS, ALIASES):
        return_rows(session, table, **back)
    restore_people(session, keep.id, former=former["to"], latter=latter)
    put_people(session, former["from"])
    count, count_before = latter["thread"]["message_count"], former["to"]["thread"]["message_count"]
    came_since = keep.message_count > count
    restore_columns(session, keep, former=former["to"]["thread"], latter=latter["thread"])
    close_ranks(session, keep, after=count, by=count_before - count, since=move.moved_at)
    restored = lock_thread(session, move.from_thread_id)
    for thread, is_changed in ((keep, came_since), (restored, returned < count_moved(session, move))):
        if is_changed:
            summarise_again(session, thread, with_subject=False)
    forget_messages(session)
    move.undone_at, move.undone_by_user_id = now, actor.user_id
    payload = {"move_id": str(move.id), "restored_thread_id": str(restored.id), "number": restored.number}
    record(session, "MergeUndone", subject=subject_of(keep), now=now, actor=actor, payload=payload)
    session.flush()
    return restored


def count_moved(session: Session, move: ThreadMove) -> int:
    """Return how many messages the merge or split moved."""
    moved = moved_ids(move.id, "messages").subquery()
    return session.execute(sa.select(sa.func.count()).select_from(moved)).scalar_one()


def is_untouched(session: Session, thread: Thread) -> bool:
    """Return whether the thread is open, without an assignee and without a message of a colleague, so that merging it surprises
    nobody."""
    ours = sa.and_(Message.thread_id == thread.id, Message.sender_user_id.is_not(None))
    return (
        thread.assignee_user_id is None
        and thread.is_open
        and session.execute(sa.select(Message.id).where(ours).limit(1)).first() is None
    )


def summarise_again(session: Session, thread: Thread, *, with_subject: bool = True) -> None:
    """Recompute subject and preview of a thread whose first or newest item may have changed."""
    first = session.execute(
        sa.select(Message.subject)
        .where(Message.thread_id == thread.id, Message.message_type != MessageType.INTERNAL_NOTE, Message.subject != "")
        .order_by(Message.occurred_at, Message.id)
        .limit(1)
    ).scalar_one_or_none()
    newest = session.execute(
        sa.select(Message.text, Message.subject, Message.occurred_at, Message.revoked_at)
        .where(Message.thread_id == thread.id, Message.automatic.is_(None), Message.message_type != MessageType.AUTO_RESPONSE)
        .order_by(Message.occurred_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    if with_subject:
        thread.subject = first if first is not None else thread.subject
    if newest is not None:
        shown = "" if newest.revoked_at is not None else newest.text or newest.subject
        thread.preview, thread.last_message_at = preview_of(shown), newest.occurred_at
    session.flush()

"""Take a message back (undo send) before it is sent. If the worker and the writer act at the same time, the first to lock the
delivery's row wins."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.work import READY
from app.domain.delivery.models import Delivery
from app.domain.delivery.third_parties import FORWARD_OF
from app.domain.events.actions import Actor, record
from app.domain.events.models import Event
from app.domain.threads.actions import assign_thread, change_status, lock_thread, subject_of
from app.domain.threads.forward_drafts import KIND as FORWARD
from app.domain.threads.models import Attachment, Message, Thread, ThreadStatus
from app.domain.threads.recall_state import AlreadyTakenBack, find_taken_back, remove_messages
from app.domain.threads.snooze import end_snooze, snooze_thread


class AlreadyLeft(Exception):
    """The message cannot be taken back: a worker has claimed it, or it never waited."""


class NotTheWriter(Exception):
    """The user did not write the message; only its writer may take it back."""


@dataclass(frozen=True)
class TakenBack:
    """The content of a message that was taken back, for the composer. `options` and `kind` mean the same as in `Draft`."""

    thread_id: uuid.UUID
    channel_id: uuid.UUID | None
    text: str
    attachment_ids: tuple[uuid.UUID, ...]
    options: dict[str, Any]
    html: str = ""  # the same text with its formatting
    kind: str = "reply"


def take_back(session: Session, *, message_id: uuid.UUID, actor: Actor, now: datetime) -> TakenBack:
    """Take back a message together with the other messages sent by the same form. Return their content for the composer. This
    works until a worker claims one of them.

    The status and the assignee of the thread are restored, unless somebody has changed them since. Raises AlreadyLeft,
    NotTheWriter, AlreadyTakenBack.
    """
    thread, messages = _lock(session, message_id, actor)
    waiting = messages[0].meta.get("waiting", {})
    deliveries = _remove_deliveries(session, messages)
    outgoing = deliveries[0].outgoing
    _remove_copies(session, messages, outgoing)
    files = _files(session, messages)
    typed = outgoing.get("typed", {})  # of a forward: its message holds the original too
    taken = TakenBack(
        thread_id=thread.id,
        channel_id=messages[0].channel_id,
        text=typed.get("text", next((message.text for message in messages if message.text), "")),
        attachment_ids=files,
        options=typed.get("options", outgoing.get("options", {})),
        html=typed.get("html", messages[0].html),
        kind=FORWARD if FORWARD_OF in messages[0].meta else "reply",
    )
    subject = subject_of(thread, messages[0])
    remove_messages(session, thread, messages, user_id=_writer(actor), now=now)
    _restore(session, thread, waiting, actor, now)
    record(session, "MessageTakenBack", subject=subject, now=now, actor=actor)
    return taken


def withdraw(session: Session, *, thread_id: uuid.UUID, message_id: uuid.UUID, user_id: uuid.UUID, cause: Event) -> bool:
    """Take back an automatic message, because this user undid the change it reports. Returns False if it was already sent."""
    thread = lock_thread(session, thread_id)
    message = session.get(Message, message_id, populate_existing=True)
    if message is None:
        return False
    try:
        _remove_deliveries(session, [message])
    except AlreadyLeft:
        return False
    subject = subject_of(thread, message)
    remove_messages(session, thread, [message], user_id=user_id, now=cause.occurred_at)
    record(session, "MessageTakenBack", subject=subject, now=cause.occurred_at, actor=Actor(caused_by=cause))
    return True


def _writer(actor: Actor) -> uuid.UUID:
    if actor.user_id is None:
        raise NotTheWriter
    return actor.user_id


def _lock(session: Session, message_id: uuid.UUID, actor: Actor) -> tuple[Thread, list[Message]]:
    gone = find_taken_back(session, message_id=message_id, user_id=_writer(actor))
    if gone is not None:
        raise AlreadyTakenBack(gone.thread_id)
    thread_id = session.execute(sa.select(Message.thread_id).where(Message.id == message_id)).scalar_one_or_none()
    if thread_id is None:
        raise NotTheWriter
    thread = lock_thread(session, thread_id)
    message = session.get(Message, message_id, populate_existing=True)
    if message is None:  # a second click, while this one waited for the thread
        raise AlreadyTakenBack(thread.id)
    if message.sender_user_id != actor.user_id:
        raise NotTheWriter
    together = [uuid.UUID(text) for text in message.meta.get("waiting", {}).get("together", ())]
    if message_id not in together:
        raise AlreadyLeft
    query = sa.select(Message).where(Message.id.in_(together), Message.thread_id == thread.id).order_by(Message.seq)
    return thread, list(session.execute(query).scalars())


def _remove_deliveries(session: Session, messages: Sequence[Message]) -> list[Delivery]:
    """Delete and return the deliveries of these messages, in order. Raises AlreadyLeft, and deletes none, if one was claimed."""
    ids = [message.id for message in messages]
    query = sa.select(Delivery).where(Delivery.message_id.in_(ids)).order_by(Delivery.id).with_for_update()
    deliveries = list(session.execute(query.execution_options(populate_existing=True)).scalars())
    unclaimed = [d for d in deliveries if d.state == READY and d.attempts == 0 and d.status == DeliveryStatus.PENDING]
    if not ids or len(unclaimed) != len(ids):
        raise AlreadyLeft
    for delivery in deliveries:
        session.expunge(delivery)
    session.execute(sa.delete(Delivery).where(Delivery.message_id.in_(ids)).execution_options(synchronize_session=False))
    return sorted(deliveries, key=lambda delivery: (delivery.created_at, delivery.id))


def _remove_copies(session: Session, messages: Sequence[Message], outgoing: dict[str, Any]) -> None:
    """Delete the attachment rows that a forward copied from its original; the original keeps its own."""
    copies = [uuid.UUID(text) for text in outgoing.get("copied_files", ())]
    ours = sa.and_(Attachment.id.in_(copies), Attachment.message_id.in_([message.id for message in messages]))
    if copies:
        session.execute(sa.delete(Attachment).where(ours).execution_options(synchronize_session=False))


def _files(session: Session, messages: Sequence[Message]) -> tuple[uuid.UUID, ...]:
    order = {message.id: message.seq for message in messages}
    query = sa.select(Attachment.id, Attachment.message_id, Attachment.position).where(Attachment.message_id.in_(order))
    rows = session.execute(query).all()
    return tuple(row.id for row in sorted(rows, key=lambda row: (order[row.message_id], row.position)))


def _restore(session: Session, thread: Thread, waiting: dict[str, Any], actor: Actor, now: datetime) -> None:
    before, after = waiting.get("before", {}), waiting.get("after", {})
    _restore_snooze(session, thread, before, after, actor, now)
    assignee = str(thread.assignee_user_id) if thread.assignee_user_id else None
    if before.get("status") and after.get("status") == thread.status.value:
        change_status(session, thread_id=thread.id, status=ThreadStatus(before["status"]), actor=actor, now=now)
    if "assignee" in before and assignee == after.get("assignee") != before["assignee"]:
        previous = uuid.UUID(before["assignee"]) if before["assignee"] else None
        assign_thread(session, thread_id=thread.id, assignee_user_id=previous, actor=actor, now=now)


def _restore_snooze(
    session: Session, thread: Thread, before: dict[str, Any], after: dict[str, Any], actor: Actor, now: datetime
) -> None:
    """Restore the snooze from before the send, unless somebody changed it since."""
    until = thread.snoozed_until.isoformat() if thread.snoozed_until else None
    if "snoozed_until" not in before or until != after.get("snoozed_until") or until == before["snoozed_until"]:
        return
    if before["snoozed_until"] is None:
        end_snooze(session, thread_id=thread.id, actor=actor, now=now)
    else:
        former = datetime.fromisoformat(before["snoozed_until"])
        snooze_thread(session, thread_id=thread.id, until=former, actor=actor, now=now)

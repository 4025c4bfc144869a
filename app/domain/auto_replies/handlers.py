"""React to events for automatic answers (see app/wiring.py)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import table_of, transaction
from app.core.runtime import runtime
from app.domain.auto_replies.actions import answer_message
from app.domain.auto_replies.models import AutoReplyDecision
from app.domain.auto_replies.queries import is_answering
from app.domain.events.models import Event
from app.domain.threads.models import Message
from app.domain.threads.row_moves import move_rows, moved_ids, parse_move, return_rows

DECISIONS = table_of(AutoReplyDecision)


def answered_among(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events whose message came by a channel with an automatic answer switched on."""
    messages = {event: session.get(Message, event.message_id) for event in events if event.message_id}
    channels = {message.channel_id for message in messages.values() if message is not None and message.channel_id is not None}
    answering = {channel_id for channel_id in channels if is_answering(session, channel_id)}
    return [event for event, message in messages.items() if message is not None and message.channel_id in answering]


def answer_by_itself(event: Event) -> None:
    """After-commit handler of `MessageReceived`: decide whether to answer the message automatically, and queue the answer. A
    repeat changes nothing, as each message is decided once."""
    with transaction() as session:
        decision = answer_message(session, event, now=utc_now())
        is_sent = decision is not None and decision.sent_message_id is not None
    if is_sent:
        runtime().nudger.nudge()


def follow_merged_thread(session: Session, event: Event) -> None:
    """`ThreadsMerged`, `SplitUndone`: move decisions of the removed thread to the kept one."""
    move = parse_move(event)
    if move.gone is not None:
        move_rows(session, DECISIONS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def follow_split(session: Session, event: Event) -> None:
    """`ThreadSplit`: move decisions with their messages."""
    move = parse_move(event)
    theirs = DECISIONS.c.message_id.in_(moved_ids(move.id, "messages"))
    move_rows(session, DECISIONS, move_id=move.id, origin=move.thread_id, target=move.other, where=(theirs,))


def go_back(session: Session, event: Event) -> None:
    """`MergeUndone`, `SplitUndone`: return decisions with their messages."""
    move = parse_move(event)
    return_rows(session, DECISIONS, move_id=move.id, origin=move.origin, target=move.target)

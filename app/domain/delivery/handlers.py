"""React to events for deliveries and scheduled replies: merge, split, spam, new message. Called in the transaction, see
app/wiring.py."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.work import READY
from app.domain.delivery.models import Delivery, ScheduledReply
from app.domain.delivery.scheduled import NEWER, SPAM, hold_scheduled
from app.domain.events.models import Event
from app.domain.threads.automatic import by_people, in_older_threads
from app.domain.threads.forward_drafts import KIND as FORWARD
from app.domain.threads.row_moves import move_rows, moved_ids, parse_move, return_rows

DELIVERIES, SCHEDULED = table_of(Delivery), table_of(ScheduledReply)


def follow_merged_thread(session: Session, event: Event) -> None:
    """`ThreadsMerged`, `SplitUndone`: move deliveries and scheduled replies to the kept thread. If the threads had different
    contacts, scheduled replies are held for their writer to decide."""
    move = parse_move(event)
    if move.gone is None:
        return
    if event.payload.get("across_contacts"):
        waits = sa.and_(SCHEDULED.c.thread_id == move.gone, SCHEDULED.c.state == READY)
        session.execute(sa.update(SCHEDULED).where(waits).values(state="held", held_because="newer"))
    for table in (DELIVERIES, SCHEDULED):
        move_rows(session, table, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def follow_split(session: Session, event: Event) -> None:
    """`ThreadSplit`: move deliveries and scheduled forwards with their messages."""
    move = parse_move(event)
    messages = moved_ids(move.id, "messages")
    mine, passed_on = DELIVERIES.c.message_id.in_(messages), SCHEDULED.c.reply[FORWARD]["message_id"].astext
    move_rows(session, DELIVERIES, move_id=move.id, origin=move.thread_id, target=move.other, where=(mine,))
    forwards = sa.cast(passed_on, sa.Uuid).in_(messages)
    move_rows(session, SCHEDULED, move_id=move.id, origin=move.thread_id, target=move.other, where=(forwards,))


def go_back(session: Session, event: Event) -> None:
    """`MergeUndone`, `SplitUndone`: return the moved deliveries and scheduled replies to their former thread."""
    move = parse_move(event)
    for table in (DELIVERIES, SCHEDULED):
        return_rows(session, table, move_id=move.id, origin=move.origin, target=move.target)


def hold_scheduled_replies(session: Session, events: Sequence[Event]) -> None:
    """`MessageReceived`: hold the thread's scheduled replies with `hold_if_newer` until their writer decides. An automatic
    message holds none."""
    heard = {event.thread_id: event for event in by_people(session, in_older_threads(events))}
    if not heard:
        return
    ready = sa.and_(ScheduledReply.state == READY, ScheduledReply.hold_if_newer)
    in_threads = ScheduledReply.thread_id == sa.any_(sa.literal(list(heard), sa.ARRAY(sa.Uuid)))
    for row in session.execute(sa.select(ScheduledReply.id, ScheduledReply.thread_id).where(ready, in_threads)).all():
        event = heard[row.thread_id]
        hold_scheduled(session, row.id, why=NEWER, now=event.occurred_at, caused_by=event)


def hold_replies_to_spam(session: Session, event: Event) -> None:
    """`ThreadMarkedSpam`: hold the thread's scheduled replies, as nothing is sent to spammers automatically."""
    ready = sa.select(ScheduledReply.id).where(ScheduledReply.thread_id == event.thread_id, ScheduledReply.state == READY)
    for scheduled_id in session.execute(ready).scalars().all():
        hold_scheduled(session, scheduled_id, why=SPAM, now=event.occurred_at, caused_by=event)


def hasten_deliveries(session: Session, event: Event) -> None:
    """`ChannelAnswered`: let the channel's deliveries that were put back run now. Deliveries that were never tried keep their
    time."""
    channel_id, now = uuid.UUID(event.payload["channel_id"]), sa.func.clock_timestamp()
    had_its_turn = sa.or_(Delivery.attempts > 0, Delivery.reason.is_not(None))
    waits = sa.and_(Delivery.channel_id == channel_id, Delivery.state == READY, had_its_turn, Delivery.run_at > now)
    session.execute(sa.update(Delivery).where(waits).values(run_at=now, hinted_at=None))

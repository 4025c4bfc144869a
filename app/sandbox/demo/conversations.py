"""Make one demo conversation: its messages with plausible times, its outcome, and who has seen it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.models import User
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor
from app.domain.events.models import Event, OutboxEntry
from app.domain.threads.actions import NewMessage, add_message
from app.domain.threads.courtesy import COURTESY, is_courtesy
from app.domain.threads.models import CLOSED_STATUSES, MessageKey, MessageType, Priority, Thread, ThreadRead, ThreadStatus
from app.domain.threads.tags import change_tags
from app.sandbox.demo.calls import tell_call
from app.sandbox.demo.company import Story
from app.sandbox.demo.sample_threads import OUT_OF_OFFICE


def how_far(dice: random.Random, story: Story, at: datetime, now: datetime) -> int:
    """Return how many lines of the story have been said by now.

    This is all of them if the story has a fixed time (`hours_ago`) or began over two days ago, else a random number.
    """
    if story.hours_ago is not None or now - at > timedelta(days=2):
        return len(story.lines)
    return dice.randint(1, len(story.lines))


def tell(
    session: Session,
    dice: random.Random,
    thread: Thread,
    channel: Channel,
    contact: Contact,
    address: str,
    owner: User,
    story: Story,
    lines: tuple[str, ...],
    facts: dict[str, str],
    at: datetime,
    now: datetime,
) -> datetime:
    """Add the lines of the story to the thread, each at its time. Return the time of the last message."""
    moment = at
    for place, line in enumerate(lines):
        if place:
            moment = _following(dice, moment, story.pauses[place] if story.pauses else None, now)
        if line[0] == ">" and thread.assignee_user_id is None:
            _assign(session, thread, owner, moment)
        if channel.medium == Medium.PHONE and line[0] != "#":
            tell_call(session, channel, address, line, at=moment)
            continue
        text = line[2:].format(**facts)
        message_type = {"<": MessageType.INCOMING, ">": MessageType.OUTGOING, "#": MessageType.INTERNAL_NOTE}[line[0]]
        values = _values(dice, thread, channel, contact, address, owner, message_type, moment)
        new = NewMessage(
            message_type=message_type,
            medium="internal" if message_type == MessageType.INTERNAL_NOTE else thread.medium,
            occurred_at=moment,
            text=text,
            subject=thread.subject,
            channel_id=None if message_type == MessageType.INTERNAL_NOTE else channel.id,
            opens_window=message_type == MessageType.INCOMING and channel.medium == Medium.WHATSAPP,
            values=values,
        )
        message = add_message(session, thread, new, now=moment)
        if _only_thanks(lines[: place + 1]):
            message.meta = {**message.meta, COURTESY: True}
        if channel.medium == Medium.EMAIL and message.external_id:
            session.add(
                MessageKey(brand_id=thread.brand_id, value=f"mid:{message.external_id}", message_id=message.id, role="own")
            )
    moment = _following(dice, moment, None, now)
    if channel.medium == Medium.EMAIL and story.hours_ago is None and dice.random() < 0.08:
        _add_out_of_office(session, thread, channel, contact, address, moment)
    return thread.last_message_at


def _following(dice: random.Random, moment: datetime, hours: float | None, now: datetime) -> datetime:
    """Return the time of the next line: `hours` after `moment`, or after a random pause if `hours` is None.

    The time is always after `moment` and never in the future.
    """
    minutes = dice.choice((4, 9, 17, 35, 80, 160)) * dice.uniform(0.6, 1.4) if hours is None else 60 * hours
    following, latest = moment + timedelta(minutes=minutes), now - timedelta(minutes=1)
    return following if following < latest else moment + (latest - moment) / 2


def _only_thanks(lines: tuple[str, ...]) -> bool:
    """Tell whether the last line is one in which the contact only thanks for our answer."""
    *before, last = lines
    answers = [line for line in before if line[0] == ">"]
    return last[0] == "<" and bool(answers) and is_courtesy(last[2:], asked="?" in answers[-1])


def _values(
    dice: random.Random,
    thread: Thread,
    channel: Channel,
    contact: Contact,
    address: str,
    owner: User,
    kind: MessageType,
    at: datetime,
) -> dict[str, object]:
    if kind == MessageType.INTERNAL_NOTE:
        return {"sender_user_id": owner.id, "sender": {"name": owner.name}}
    person, house = {"name": contact.name, "address": address}, {"name": channel.name, "address": channel.display_address}
    external = f"{new_id().hex}@demo.example" if channel.medium == Medium.EMAIL else f"wamid.DEMO{new_id().hex}"
    shared: dict[str, object] = {"external_id": external, "content_hash": external}
    if kind == MessageType.INCOMING:
        return {**shared, "sender_contact_id": contact.id, "sender": person, "recipients": {"to": [house]}}
    read = channel.medium == Medium.WHATSAPP and dice.random() < 0.7
    status = "read" if read else "delivered" if channel.medium == Medium.WHATSAPP else "sent"
    return {
        **shared,
        "sender_user_id": owner.id,
        "sender": {**house, "name": owner.name},
        "recipients": {"to": [person]},
        "delivery_status": status,
        "sent_at": at,
        "read_at": at + timedelta(minutes=2) if read else None,
    }


def _add_out_of_office(session: Session, thread: Thread, channel: Channel, contact: Contact, address: str, at: datetime) -> None:
    subject, text = OUT_OF_OFFICE
    values = {
        "sender_contact_id": contact.id,
        "sender": {"name": contact.name, "address": address},
        "automatic_reason": "Auto-Submitted: auto-replied",
    }
    new = NewMessage(
        message_type=MessageType.INCOMING,
        medium=thread.medium,
        occurred_at=at,
        text=text,
        subject=subject.format(subject=thread.subject),
        channel_id=channel.id,
        automatic="auto_reply",
        values=values,
    )
    add_message(session, thread, new, now=at)


def _assign(session: Session, thread: Thread, owner: User, at: datetime) -> None:
    thread.assignee_user_id = owner.id
    _note_event(session, thread, "ThreadAssigned", at, owner, {"from": None, "to": str(owner.id)})


def finish(
    session: Session, dice: random.Random, thread: Thread, owner: User, lines: tuple[str, ...], last_at: datetime, now: datetime
) -> None:
    age = now - last_at
    ours_last = lines[-1][0] != "<"
    if (age > timedelta(days=4) and dice.random() < 0.93) or (age > timedelta(days=1) and dice.random() < 0.6):
        status = ThreadStatus.RESOLVED if age < timedelta(days=12) or dice.random() < 0.5 else ThreadStatus.CLOSED
        thread.status, thread.resolved_at = status, min(last_at + timedelta(hours=1), now)
        _note_event(session, thread, "ThreadStatusChanged", thread.resolved_at, owner, {"from": "open", "to": status.value})
    elif ours_last:
        thread.status = ThreadStatus.WAITING_CUSTOMER
    elif thread.priority == Priority.CRITICAL:
        thread.status = ThreadStatus.ESCALATED
    elif thread.assignee_user_id is not None and dice.random() < 0.5:
        thread.status = ThreadStatus.IN_PROGRESS
    elif thread.assignee_user_id is None and dice.random() < 0.35:
        _assign(session, thread, owner, last_at)
    if thread.resolved_at is None and _only_thanks(lines):
        thread.status = ThreadStatus.WAITING_CUSTOMER


def finish_as_told(session: Session, thread: Thread, owner: User, story: Story, last_at: datetime, now: datetime) -> None:
    """Give the thread the tags and the final status of its story, and delete its outbox entries, so that no handler reacts to
    it."""
    if story.tags:
        change_tags(session, thread_id=thread.id, add=story.tags, actor=Actor(owner.id), now=last_at)
    events = sa.select(Event.id).where(Event.thread_id == thread.id)
    session.execute(sa.delete(OutboxEntry).where(OutboxEntry.event_id.in_(events)))
    thread.status = status = story.outcome
    if status in CLOSED_STATUSES:
        thread.resolved_at = min(last_at + timedelta(hours=1), now)
        _note_event(session, thread, "ThreadStatusChanged", thread.resolved_at, owner, {"from": "open", "to": status.value})


def _note_event(session: Session, thread: Thread, kind: str, at: datetime, actor: User, payload: dict[str, object]) -> None:
    """Write an event of the past. It has no outbox entry, so nobody reacts to it."""
    session.add(
        Event(
            type=kind,
            occurred_at=at,
            brand_id=thread.brand_id,
            thread_id=thread.id,
            actor_user_id=actor.id,
            depth=0,
            payload=payload,
        )
    )


def mark_seen(session: Session, members: list[User], dice: random.Random, thread: Thread, last_at: datetime) -> None:
    for user in members:
        if not thread.is_open or dice.random() < 0.75:
            session.add(ThreadRead(user_id=user.id, thread_id=thread.id, seen_seq=thread.message_count, seen_at=last_at))

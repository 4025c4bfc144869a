"""Notify browsers that something changed. A push never contains the content.

A change of a brand goes to the room of everybody who sees the brand (see `routes.py` and `sessions.py`), a change for one
user to this user's room. Each push has the name of its room and the room's sequence number. A browser that missed a push
notices at the next number and refreshes. Pushes may arrive twice, late, or be lost with Redis; the page also asks again
after every connect.

Changes that wait are sent as one push for each room, with the newest version of each thread. The push has the form of the
last change, and the earlier ones are in `others`. The sequence number grows by the number of changes, so a browser that does
not read `others` sees a gap and refreshes.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of, transaction
from app.core.runtime import runtime
from app.domain.accounts.access import user_ids_who_see
from app.domain.events.models import Event
from app.domain.realtime.models import BrandSequence, PushSequence
from app.domain.realtime.socket import brand_room, user_room
from app.domain.threads.models import Thread

NEW_ITEM_EVENTS = frozenset({"MessageReceived", "MessageQueued", "NoteAdded", "CallLogged"})
Body = dict[str, Any]


def push_thread_change(event: Event) -> None:
    """After-commit handler: notify everybody who may see the brand that the thread changed."""
    push_thread_changes([event])


def push_thread_changes(events: Sequence[Event]) -> None:
    """Push many changes of threads, one push for each brand. `events` are ordered, the oldest first."""
    told: defaultdict[uuid.UUID, list[Event]] = defaultdict(list)
    for event in events:
        if event.thread_id is not None and event.brand_id is not None:  # an appointment may be about an order alone
            told[event.brand_id].append(event)
    if not told:
        return
    thread_ids = {event.thread_id for of_brand in told.values() for event in of_brand}
    with transaction() as session:
        rows = session.execute(sa.select(Thread.id, Thread.version).where(Thread.id.in_(thread_ids)))
        versions: dict[uuid.UUID | None, int] = {row.id: row.version for row in rows}
        changes = {brand_id: _folded(of_brand, versions) for brand_id, of_brand in told.items()}
        numbers = next_brand_sequences(session, {brand_id: len(of_brand) for brand_id, of_brand in changes.items()})
    for brand_id, number in numbers.items():
        room = brand_room(brand_id)
        _emit("thread:changed", _together(changes[brand_id]), room, number)
        news = [_item(event) for event in told[brand_id] if event.type in NEW_ITEM_EVENTS]
        if news:
            _emit("message:new", _together(news), room, number)


def _folded(events: Sequence[Event], versions: Mapping[uuid.UUID | None, int]) -> list[Body]:
    """Return one change for each thread, ordered by its last event. A merge stays a change of its own, because it names a
    second thread."""
    changes: dict[tuple[str, str | None], Body] = {}
    for event in events:
        change = {"thread_id": str(event.thread_id), "version": versions.get(event.thread_id), "kind": event.type}
        merged = event.payload.get("merged_thread_id")  # whoever has that one open looks at this one from now on
        key = (str(event.thread_id), merged)
        changes.pop(key, None)
        changes[key] = {**change, "merged_thread_id": merged} if merged else change
    return list(changes.values())


def _item(event: Event) -> Body:
    return {"thread_id": str(event.thread_id), "message_id": str(event.message_id), "kind": event.type}


def _together(bodies: Sequence[Body]) -> Body:
    """Return the body of the last change, with the earlier ones in `others`."""
    return {**bodies[-1], "others": list(bodies[:-1])} if len(bodies) > 1 else dict(bodies[-1])


def push_channel_change(event: Event) -> None:
    """After-commit handler: notify everybody who may see the brand that a channel's health changed."""
    _push_to_brand(event, "notification", {"kind": event.type, "channel_id": event.payload.get("channel_id")})


def push_notification(event: Event) -> None:
    """After-commit handler: notify the browsers of the users in `NotificationAdded` that there is a new notification."""
    user_ids = [uuid.UUID(user_id) for user_id in event.payload["user_ids"]]
    _push_to_users(user_ids, "notification", {"kind": event.type, "thread_id": str(event.thread_id)})


def push_sla_alert(event: Event) -> None:
    """After-commit handler: push `sla:alert` to the users whom an escalation step names, if they may see the brand."""
    body = {"thread_id": str(event.thread_id), "step": event.payload["step"], "clock": event.payload["clock"]}
    _push_to_users(_who_see(event, set(event.payload["user_ids"])), "sla:alert", body)


def push_task_change(event: Event) -> None:
    """After-commit handler: notify everybody who may see the brand that a task changed. A reminder goes to the assignee only."""
    thread_id = str(event.thread_id) if event.thread_id else None
    body = {"task_id": event.payload["task_id"], "thread_id": thread_id, "kind": event.type}
    if event.type == "TaskReminded":
        _push_to_users(_who_see(event, {event.payload.get("assignee")}), "task:changed", body)
    else:
        _push_to_brand(event, "task:changed", body)


def push_bulk_progress(event: Event) -> None:
    """After-commit handler: notify the user who started a bulk action that one of its batches is done."""
    body = {"bulk_action_id": event.payload["bulk_action_id"]}
    _push_to_users([uuid.UUID(event.payload["user_id"])], "bulk:changed", body)


def _who_see(event: Event, user_ids: set[str | None]) -> list[uuid.UUID]:
    """Return those of the users who may see the event's brand."""
    with transaction() as session:
        seeing = user_ids_who_see(session, event.brand_id) if event.brand_id else []
    return [user_id for user_id in seeing if str(user_id) in user_ids]


def _push_to_brand(event: Event, name: str, body: Body) -> None:
    if event.brand_id is None:
        return
    with transaction() as session:
        numbers = next_brand_sequences(session, {event.brand_id: 1})
    _emit(name, body, brand_room(event.brand_id), numbers[event.brand_id])


def _push_to_users(user_ids: Sequence[uuid.UUID], name: str, body: Body) -> None:
    with transaction() as session:
        numbers = next_user_sequences(session, user_ids)
    for user_id, number in numbers.items():
        _emit(name, body, user_room(user_id), number)


def next_brand_sequences(session: Session, changes: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, int]:
    """Increase the sequence number of each brand by the number of its changes. Return the new numbers by brand id.

    Brands are locked in the order of their ids.
    """
    return _count(session, table_of(BrandSequence), "brand_id", changes)


def next_user_sequences(session: Session, user_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Increase the sequence number of each user by one. Return the new numbers by user id.

    Users are locked in the order of their ids.
    """
    return _count(session, table_of(PushSequence), "user_id", dict.fromkeys(user_ids, 1))


def _count(session: Session, table: sa.Table, key: str, counts: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, int]:
    if not counts:
        return {}
    insert = postgresql.insert(table).values([{key: counted, "sequence": counts[counted]} for counted in sorted(counts)])
    added = {"sequence": table.c.sequence + insert.excluded.sequence}
    rows = session.execute(
        insert.on_conflict_do_update(index_elements=[key], set_=added).returning(table.c[key], table.c.sequence)
    )
    return {row[0]: row[1] for row in rows}


def _emit(name: str, body: Body, room: str, sequence: int) -> None:
    emitter = runtime().write_only_socketio
    if emitter is not None:
        emitter.emit(name, {**body, "room": room, "sequence": sequence}, to=room)

"""Push to browsers that something changed, never the content.

Changes of a brand go to the room of everybody who sees the brand (`routes.py` and `sessions.py` see to that), what is for one
user to that user's room. Each push names its room and carries the room's sequence number, so a browser that missed one
notices at the next and refreshes. Pushes arrive at least once, maybe late, and may be lost with Redis; the page also asks
again on every connect.

Changes that wait are told together: one push for a room, of each thread the newest version. It has the shape of the last
change, with those before in `others`; the number rises by as many as are told, so a browser that does not read `others`
sees a gap.
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
    """After-commit handler: tell everybody who may see the brand that the thread changed."""
    push_thread_changes([event])


def push_thread_changes(events: Sequence[Event]) -> None:
    """Push many changes of threads, oldest first, in one push for each brand."""
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
    """Keep one change for each thread, ordered by their last events; merges stay apart, as they name another thread."""
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
    """After-commit handler: tell everybody who may see the brand that a channel's health changed."""
    _push_to_brand(event, "notification", {"kind": event.type, "channel_id": event.payload.get("channel_id")})


def push_notification(event: Event) -> None:
    """After-commit handler: tell the users named in `NotificationAdded` that they have one."""
    user_ids = [uuid.UUID(user_id) for user_id in event.payload["user_ids"]]
    _push_to_users(user_ids, "notification", {"kind": event.type, "thread_id": str(event.thread_id)})


def push_sla_alert(event: Event) -> None:
    """After-commit handler: push `sla:alert` to those an escalation step is for, as far as they see the brand."""
    body = {"thread_id": str(event.thread_id), "step": event.payload["step"], "clock": event.payload["clock"]}
    _push_to_users(_who_see(event, set(event.payload["user_ids"])), "sla:alert", body)


def push_task_change(event: Event) -> None:
    """After-commit handler: tell everybody who may see the brand that a task changed; a reminder is for its assignee alone."""
    thread_id = str(event.thread_id) if event.thread_id else None
    body = {"task_id": event.payload["task_id"], "thread_id": thread_id, "kind": event.type}
    if event.type == "TaskReminded":
        _push_to_users(_who_see(event, {event.payload.get("assignee")}), "task:changed", body)
    else:
        _push_to_brand(event, "task:changed", body)


def push_bulk_progress(event: Event) -> None:
    """After-commit handler: tell the user who asked for a bulk action that a batch of it was done."""
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
    """Count changes for each brand and return the new numbers; brands are locked in id order."""
    return _count(session, table_of(BrandSequence), "brand_id", changes)


def next_user_sequences(session: Session, user_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Count one push for each user and return their new numbers; users are locked in id order."""
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

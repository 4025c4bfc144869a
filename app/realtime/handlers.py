"""Tell browsers what changed, never what it says: they ask again for what they show, with their own rights.

Each push carries the receiver's own sequence number, so a browser that missed one notices at the next and refreshes what it
shows. A push is a convenience: at least once, maybe late, maybe lost with Redis; the page also asks again on every connect.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.accounts.access import user_ids_who_see
from app.core.db import transaction
from app.core.runtime import runtime
from app.events.models import Event
from app.inbox.models import Thread
from app.realtime.models import PushSequence
from app.realtime.socket import user_room

NEW_ITEM_EVENTS = frozenset({"MessageReceived", "MessageQueued", "NoteAdded", "CallLogged"})


def push_thread_change(event: Event) -> None:
    """After-commit handler: everybody who may see the brand hears that the thread changed."""
    if event.thread_id is None:  # an appointment may be about an order alone
        return
    with transaction() as session:
        version = session.execute(sa.select(Thread.version).where(Thread.id == event.thread_id)).scalar_one_or_none()
        receivers = next_sequences(session, user_ids_who_see(session, event.brand_id)) if event.brand_id else {}
    body = {"thread_id": str(event.thread_id), "version": version, "kind": event.type}
    if event.payload.get("merged_thread_id"):  # whoever has that one open looks at this one from now on
        body["merged_thread_id"] = event.payload["merged_thread_id"]
    for user_id, sequence in receivers.items():
        _emit("thread:changed", {**body, "sequence": sequence}, user_id)
        if event.type in NEW_ITEM_EVENTS:
            _emit(
                "message:new",
                {
                    "thread_id": str(event.thread_id),
                    "message_id": str(event.message_id),
                    "kind": event.type,
                    "sequence": sequence,
                },
                user_id,
            )


def push_channel_change(event: Event) -> None:
    """After-commit handler: a channel's health changed."""
    with transaction() as session:
        receivers = next_sequences(session, user_ids_who_see(session, event.brand_id)) if event.brand_id else {}
    for user_id, sequence in receivers.items():
        _emit("notification", {"kind": event.type, "channel_id": event.payload.get("channel_id"), "sequence": sequence}, user_id)


def push_notification(event: Event) -> None:
    """After-commit handler: the users named in `NotificationAdded` hear that they are told something."""
    user_ids = [uuid.UUID(user_id) for user_id in event.payload["user_ids"]]
    with transaction() as session:
        receivers = next_sequences(session, user_ids)
    for user_id, sequence in receivers.items():
        _emit("notification", {"kind": event.type, "thread_id": str(event.thread_id), "sequence": sequence}, user_id)


def push_sla_alert(event: Event) -> None:
    """After-commit handler: those an escalation step is for hear `sla:alert`, as far as they see the brand."""
    told = set(event.payload["user_ids"])
    with transaction() as session:
        seeing = user_ids_who_see(session, event.brand_id) if event.brand_id else []
        receivers = next_sequences(session, [user_id for user_id in seeing if str(user_id) in told])
    body = {"thread_id": str(event.thread_id), "step": event.payload["step"], "clock": event.payload["clock"]}
    for user_id, sequence in receivers.items():
        _emit("sla:alert", {**body, "sequence": sequence}, user_id)


def push_task_change(event: Event) -> None:
    """After-commit handler: everybody who may see the brand hears that a task changed; a reminder is for its assignee alone."""
    assignee = event.payload.get("assignee")
    with transaction() as session:
        seeing = user_ids_who_see(session, event.brand_id) if event.brand_id else []
        told = [user_id for user_id in seeing if event.type != "TaskReminded" or str(user_id) == assignee]
        receivers = next_sequences(session, told)
    body = {"task_id": event.payload["task_id"], "thread_id": str(event.thread_id) if event.thread_id else None}
    for user_id, sequence in receivers.items():
        _emit("task:changed", {**body, "kind": event.type, "sequence": sequence}, user_id)


def push_bulk_progress(event: Event) -> None:
    """After-commit handler: whoever asked for a bulk action hears that it went on."""
    user_id = uuid.UUID(event.payload["user_id"])
    with transaction() as session:
        receivers = next_sequences(session, [user_id])
    for receiver, sequence in receivers.items():
        _emit("bulk:changed", {"bulk_action_id": event.payload["bulk_action_id"], "sequence": sequence}, receiver)


def next_sequences(session: Session, user_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Count one push for each user and return their new numbers; users are locked in id order."""
    if not user_ids:
        return {}
    insert = postgresql.insert(PushSequence).values([{"user_id": user_id, "sequence": 1} for user_id in sorted(user_ids)])
    upsert = insert.on_conflict_do_update(index_elements=["user_id"], set_={"sequence": PushSequence.sequence + 1})
    rows = session.execute(upsert.returning(PushSequence.user_id, PushSequence.sequence)).all()
    return {row.user_id: row.sequence for row in rows}


def _emit(name: str, body: dict[str, Any], user_id: uuid.UUID) -> None:
    emitter = runtime().write_only_socketio
    if emitter is not None:
        emitter.emit(name, body, to=user_room(user_id))

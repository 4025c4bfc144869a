"""Edits, deletions and reactions: changes to a message that its sender made later, perhaps before we knew the message; and what
became of a mail in the mailbox it came by."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.events.actions import Subject, record
from app.inbox.models import Message, PendingChange, Thread


def apply_change(session: Session, message_id: uuid.UUID, change: dict[str, Any], *, now: datetime) -> None:
    """Apply {"kind", "text", "by", "at"} to the message; the same change again, or an older one, changes nothing."""
    message = session.execute(
        sa.select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()
    if not _CHANGES[change["kind"]](message, change):
        return
    session.execute(sa.update(Thread).where(Thread.id == message.thread_id).values(version=Thread.version + 1))
    session.flush()
    subject = Subject(brand_id=message.brand_id, thread_id=message.thread_id, message_id=message.id)
    record(session, "MessageChanged", subject=subject, now=now, payload={"kind": change["kind"]})


def _edit(message: Message, change: dict[str, Any]) -> bool:
    if any(e["at"] == change["at"] and e["text"] == change["text"] for e in message.edits):
        return False
    original = message.edits or [{"at": message.occurred_at.isoformat(), "text": message.text}]
    message.edits = sorted([*original, {"at": change["at"], "text": change["text"]}], key=lambda e: str(e["at"]))
    message.text = message.edits[-1]["text"]
    return True


def _revoke(message: Message, change: dict[str, Any]) -> bool:
    if message.revoked_at is not None:
        return False
    message.revoked_at = datetime.fromisoformat(change["at"])
    return True


def _react(message: Message, change: dict[str, Any]) -> bool:
    mine = next((r for r in message.reactions if r["by"] == change["by"]), None)
    if mine is not None and mine["at"] >= change["at"]:
        return False
    others = [r for r in message.reactions if r["by"] != change["by"]]
    message.reactions = [*others, {"by": change["by"], "emoji": change["text"], "at": change["at"]}]
    return True


def _place(message: Message, change: dict[str, Any]) -> bool:
    """`text`: "moved" (`by`: to which folder), "deleted" or "" (it is back where it was) in the provider's mailbox."""
    known = message.meta.get("mailbox", {"gone": "", "at": ""})
    if known["at"] >= change["at"] or known["gone"] == change["text"] == "":
        return False
    message.meta = {**message.meta, "mailbox": {"gone": change["text"], "to": change["by"], "at": change["at"]}}
    return True


_CHANGES = {"edit": _edit, "revoke": _revoke, "reaction": _react, "place": _place}


def hold_change(
    session: Session,
    *,
    brand_id: uuid.UUID,
    medium: str,
    target_external_id: str,
    external_id: str,
    change: dict[str, Any],
    now: datetime,
) -> None:
    """Keep a change whose message is not here yet."""
    statement = postgresql.insert(PendingChange).values(
        id=new_id(),
        brand_id=brand_id,
        medium=medium,
        target_external_id=target_external_id,
        external_id=external_id,
        change=change,
        received_at=now,
    )
    session.execute(statement.on_conflict_do_nothing())


def apply_pending_changes(session: Session, message: Message, *, now: datetime) -> None:
    """Apply, oldest first, what came before this message."""
    if message.external_id is None:
        return
    waiting = session.execute(
        sa.delete(PendingChange)
        .where(PendingChange.target_external_id == message.external_id, PendingChange.brand_id == message.brand_id)
        .returning(PendingChange.change)
    ).scalars()
    for change in sorted(waiting, key=lambda c: str(c["at"])):
        apply_change(session, message.id, change, now=now)

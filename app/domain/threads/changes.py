"""Apply edits, deletions, reactions and quotes to messages, also when they came before the message.

The `side` of a change is incoming or outgoing: the side of the person who made it. Only the side that wrote a message may
edit or delete it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import Subject, record
from app.domain.threads.actions import preview_of
from app.domain.threads.models import Message, MessageType, PendingChange, Thread
from app.domain.threads.search_words import note_words_of

INCOMING, OUTGOING = "incoming", "outgoing"
_OURS = frozenset({MessageType.OUTGOING, MessageType.AUTO_RESPONSE})


def apply_change(session: Session, message_id: uuid.UUID, change: dict[str, Any], *, now: datetime) -> bool:
    """Apply `change` ({"kind", "text", "by", "who", "side", "at"}) to the message. Return False if it changes nothing.

    Nothing changes if the change is a repeat or older than the last one, or if the side that did not write the message edits
    or deletes it.
    """
    message = session.execute(
        sa.select(Message).where(Message.id == message_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()
    if change["kind"] == "quote":
        return _link_quote(session, message, change)
    if not _CHANGES[change["kind"]](message, change):
        return False
    version = {"version": Thread.version + 1, **_preview(session, message, change["kind"])}
    session.execute(sa.update(Thread).where(Thread.id == message.thread_id).values(version))
    session.flush()
    if change["kind"] == "edit":
        note_words_of(session, message.id)
    subject = Subject(brand_id=message.brand_id, thread_id=message.thread_id, message_id=message.id)
    record(session, "MessageChanged", subject=subject, now=now, payload={"kind": change["kind"]})
    return True


def _preview(session: Session, message: Message, kind: str) -> dict[str, str]:
    """Return {"preview": new text} if the thread's preview shows this message and an edit or deletion changes it; else {}."""
    if kind not in ("edit", "revoke"):
        return {}
    people = sa.and_(Message.automatic.is_(None), Message.message_type != MessageType.AUTO_RESPONSE)
    newest = sa.select(Message.id).where(Message.thread_id == message.thread_id, people)
    newest = newest.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(1)
    if session.execute(newest).scalar_one_or_none() != message.id:
        return {}
    return {"preview": "" if message.revoked_at is not None else preview_of(message.text)}


def _link_quote(session: Session, quoted: Message, change: dict[str, Any]) -> bool:
    """Link the message named in `change`, which arrived earlier, with the message it quotes. Return False if it has a link
    already."""
    waiting = sa.and_(Message.id == uuid.UUID(change["message_id"]), Message.reply_to_message_id.is_(None))
    linked = sa.update(Message).where(waiting).values(reply_to_message_id=quoted.id).returning(Message.id)
    return session.execute(linked.execution_options(synchronize_session="fetch")).first() is not None


def _is_by_its_writer(message: Message, change: dict[str, Any]) -> bool:
    side = change.get("side")
    return side is None or (side == OUTGOING) == (message.message_type in _OURS)


def _edit(message: Message, change: dict[str, Any]) -> bool:
    if not _is_by_its_writer(message, change):
        return False
    if any(e["at"] == change["at"] and e["text"] == change["text"] for e in message.edits):
        return False
    original = message.edits or [{"at": message.occurred_at.isoformat(), "text": message.text}]
    message.edits = sorted([*original, {"at": change["at"], "text": change["text"]}], key=lambda e: str(e["at"]))
    message.text = message.edits[-1]["text"]
    return True


def _revoke(message: Message, change: dict[str, Any]) -> bool:
    if message.revoked_at is not None or not _is_by_its_writer(message, change):
        return False
    message.revoked_at = datetime.fromisoformat(change["at"])
    return True


def _react(message: Message, change: dict[str, Any]) -> bool:
    """Store one reaction for each person, and return False if nothing changes.

    The reaction "" takes a person's reaction back. It stays stored, so that an older report cannot bring that reaction back.
    """
    who = change.get("who") or change["by"]
    mine = next((r for r in message.reactions if (r.get("who") or r["by"]) == who), None)
    if mine is not None and (mine["at"] > change["at"] or (mine["at"], mine["emoji"]) == (change["at"], change["text"])):
        return False
    others = [r for r in message.reactions if r is not mine]
    message.reactions = [*others, {"who": who, "by": change["by"], "emoji": change["text"], "at": change["at"]}]
    return True


def _place(message: Message, change: dict[str, Any]) -> bool:
    """Store where a mail now is in the provider's mailbox. Return False if nothing changes.

    `text` of the change is "moved" (to the folder `by`), "deleted", or "" if the mail is back.
    """
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
    """Store a change whose message has not arrived yet."""
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
    """Apply the changes that came before this message, oldest first."""
    if message.external_id is None:
        return
    waiting = session.execute(
        sa.delete(PendingChange)
        .where(PendingChange.target_external_id == message.external_id, PendingChange.brand_id == message.brand_id)
        .returning(PendingChange.change)
    ).scalars()
    for change in sorted(waiting, key=lambda c: str(c["at"])):
        apply_change(session, message.id, change, now=now)

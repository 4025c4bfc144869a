"""Event handlers for replies and notes: count the uses of templates, and refuse replies with values missing from a template."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.translation import gettext as _
from app.domain.delivery.actions import UnableToReply
from app.domain.delivery.models import Delivery, ScheduledReply
from app.domain.delivery.third_parties import FORWARD_OF
from app.domain.events.models import Event
from app.domain.reply_templates.actions import settle_uses, unsettle_uses
from app.domain.reply_templates.models import ReplyTemplateUse
from app.domain.reply_templates.variables import list_holes
from app.domain.threads.models import Message
from app.domain.threads.row_moves import move_rows, parse_move, return_rows

USES = table_of(ReplyTemplateUse)


def settle_sent_reply(session: Session, event: Event) -> None:
    """Handle `MessageQueued`: count the templates of a reply or forward.

    Raises `UnableToReply` if the text still has the mark of a missing value (see `hole`).
    """
    message = session.get(Message, event.message_id)
    if message is not None and FORWARD_OF in message.meta:
        _check_filled(_typed(session, message))
        _settle(session, event, "forward")
        return
    _check_filled(message.text if message is not None else "")
    _settle(session, event, "reply")


def _typed(session: Session, message: Message) -> str:
    """Return the text that the writer of a forward typed. Marks in the forwarded message itself do not matter."""
    typed = sa.select(Delivery.outgoing["typed"]["text"].astext).where(Delivery.message_id == message.id)
    return session.execute(typed).scalar_one_or_none() or ""


def check_scheduled_reply(session: Session, event: Event) -> None:
    """Check a scheduled reply. Raises `UnableToReply` if the text still has the mark of a missing value."""
    row = session.get(ScheduledReply, uuid.UUID(event.payload["id"]))
    _check_filled(row.reply["text"] if row is not None else "")


def _check_filled(text: str) -> None:
    holes = list_holes(text)
    if holes:
        marks = " ".join(f"⟦{name}⟧" for name in holes)
        raise UnableToReply("message_content", _("Fill in the template’s blanks: %(marks)s", marks=marks))


def unsettle_taken_back(session: Session, event: Event) -> None:
    """Handle `MessageTakenBack`: no longer count the templates of the message. They count again when the text is sent."""
    if event.message_id is not None:
        unsettle_uses(session, message_id=event.message_id)


def settle_note(session: Session, event: Event) -> None:
    """Handle `NoteAdded`: count the templates of a note. A note may have marks of missing values."""
    _settle(session, event, "note")


def _settle(session: Session, event: Event, kind: str) -> None:
    if event.actor_user_id is not None and event.thread_id is not None and event.message_id is not None:
        settle_uses(
            session,
            thread_id=event.thread_id,
            user_id=event.actor_user_id,
            kind=kind,
            message_id=event.message_id,
            now=event.occurred_at,
        )


def follow_merged_thread(session: Session, event: Event) -> None:
    """Handle `ThreadsMerged` and `SplitUndone`: move the template uses of the removed thread to the kept thread."""
    move = parse_move(event)
    if move.gone is not None:
        move_rows(session, USES, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def go_back(session: Session, event: Event) -> None:
    """Handle `MergeUndone`: move template uses back to the restored thread."""
    move = parse_move(event)
    return_rows(session, USES, move_id=move.id, origin=move.origin, target=move.target)

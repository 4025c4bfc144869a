"""Pass a message on by mail: the form in place of the composer, and its send."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime

from app.accounts.session import current_viewer
from app.connections.models import Channel, Medium
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.text import storable
from app.delivery.actions import UnableToReply
from app.delivery.forward import FORWARDED_TYPES, Forward, queue_forward
from app.inbox.models import Attachment, Message
from app.inbox.queries import ThreadMissing, get_message, get_thread_head
from app.inbox.routes.blueprint import bp, parse_uuid
from app.inbox.routes.composer import composer_again, reply_context
from app.inbox.routes.mail_fields import read_addresses, signature_of
from app.inbox.routes.thread import thread_context
from app.translation import gettext as _
from app.web import page


@bp.get("/messages/<uuid:message_id>/forward")
def forward_form(message_id: uuid.UUID) -> ResponseReturnValue:
    """Whom it is for, and what goes along; it stands where the composer stood."""
    return _form(_message(message_id))


@bp.post("/messages/<uuid:message_id>/forward")
def forward_message(message_id: uuid.UUID) -> ResponseReturnValue:
    """Send it on. 422 with the reason and everything that was typed if it cannot be."""
    viewer, message = current_viewer(), _message(message_id)
    thread_id = message.thread_id
    try:
        channel, forward = _chosen_mailbox(message), _forward(message)
        with transaction() as session:
            context = reply_context(channel)
            queue_forward(session, forward, channel=channel, author=viewer.actor, author_name=viewer.name, context=context)
    except UnableToReply as error:
        db.session.rollback()
        return _form(_message(message_id), status=422, forward_error=error)
    people = ", ".join(forward.to)
    return composer_again(thread_id, toast={"text": _("Forwarded to %(people)s", people=people)})


def _message(message_id: uuid.UUID) -> Message:
    """A message that may leave the house. Raises ThreadMissing for a note."""
    message = get_message(db.session(), viewer=current_viewer(), message_id=message_id)
    if message.message_type not in FORWARDED_TYPES:
        raise ThreadMissing(str(message_id))
    return message


def _chosen_mailbox(message: Message) -> Channel:
    channels, chosen = _mailboxes(message), parse_uuid(request.form.get("channel_id"))
    if not channels:
        raise UnableToReply("channel_id", _("No mailbox is connected for this brand"))
    return next((channel for channel in channels if channel.id == chosen), channels[0])


def _addressees() -> tuple[str, ...]:
    found = read_addresses("to")
    if not found:
        raise UnableToReply("to", _("Say who it is for"))
    return found


def _forward(message: Message) -> Forward:
    form, quoted = request.form, quoted_original(message)
    typed = storable(form.get("text", "")).replace("\r\n", "\n").strip()
    signature = signature_of(db.session(), message.brand_id, current_viewer())
    return Forward(
        message_id=message.id,
        to=_addressees(),
        cc=read_addresses("cc"),
        subject=" ".join(storable(form.get("subject", "")).split())[:998] or subject_to_forward(message),
        text="\n\n".join(part for part in (typed, signature, quoted) if part),
        attachment_ids=tuple(found for found in map(parse_uuid, form.getlist("file_id")) if found),
        client_token=parse_uuid(form.get("client_token")),
    )


def subject_to_forward(message: Message) -> str:
    """ "Fwd: " and what it was about; for a chat its first words."""
    about = message.subject or " ".join(message.text.split())[:60]
    return about if about.lower().startswith(("fwd:", "fw:")) else f"Fwd: {about}".strip()


def quoted_original(message: Message) -> str:
    """The original under a line that says what it is, as every mail program writes it."""
    sender = " ".join(part for part in (message.sender.get("name"), _bracketed(message.sender.get("address"))) if part)
    lines = [
        f"---------- {_('Forwarded message')} ----------",
        _("From: %(sender)s", sender=sender or "?"),
        _("Date: %(when)s", when=format_datetime(message.occurred_at, "EEEE d MMMM y HH:mm")),
    ]
    if message.subject:
        lines.append(_("Subject: %(subject)s", subject=message.subject))
    return "\n".join([*lines, "", message.text.strip()]).rstrip()


def _bracketed(address: str | None) -> str:
    return f"<{address}>" if address else ""


def _mailboxes(message: Message) -> list[Channel]:
    """The brand's mailboxes that can send, the one the message came by first."""
    query = sa.select(Channel).where(Channel.brand_id == message.brand_id, Channel.is_active).order_by(Channel.name)
    found = [channel for channel in db.session.execute(query).scalars() if channel.medium == Medium.EMAIL]
    return sorted(found, key=lambda channel: channel.id != message.channel_id)


def _form(message: Message, *, status: int = 200, **more: Any) -> ResponseReturnValue:
    head = get_thread_head(db.session(), viewer=current_viewer(), thread_id=message.thread_id)
    stored = sa.and_(Attachment.message_id == message.id, Attachment.storage_key.is_not(None))
    files = db.session.execute(sa.select(Attachment).where(stored).order_by(Attachment.position)).scalars().all()
    form = request.form
    forwarding = {
        "message": message,
        "channels": _mailboxes(message),
        "files": files,
        "file_ids": form.getlist("file_id") if form else [str(file.id) for file in files],
        "subject": form.get("subject") or subject_to_forward(message),
        "quoted": quoted_original(message),
        "token": form.get("client_token") or new_id(),
        "now": utc_now(),
    }
    context = thread_context(head, forwarding=forwarding, **more)
    if request.headers.get("HX-Request") == "true":
        return make_response(render_template("inbox/composer_fragment.html", **context), status)
    return page("inbox/page.html", status=status, **context)

"""Form of a forward (`ForwardForm`): from the request, from a draft, or new."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import format_datetime
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.delivery.actions import UnableToReply
from app.domain.delivery.forward import Forward
from app.domain.delivery.recall import TakenBack
from app.domain.threads.forward_drafts import KIND, find_forward_draft, save_forward_draft
from app.domain.threads.models import Attachment, Draft, Message
from app.mail.html_text import text_to_html
from app.mail.rich import text_to_rich
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.formatting import Writing, html_of_draft, read_writing
from app.web.inbox.mail_fields import read_addresses
from app.web.inbox.thread import token_of

PLACE_FIELDS = ("message_id", "subject", "mailbox_id", "file_ids")  # of one message; the others go over to another
ADDRESS_CHARACTERS = 5000
SUBJECT_CHARACTERS = 998


@dataclass(frozen=True)
class ForwardForm:
    """The values of the form that forwards a message.

    `file_ids`: the files of the original message to pass on. `upload_ids`: the files that the writer uploaded.
    """

    to: str
    cc: str
    bcc: str
    subject: str
    mailbox_id: str
    file_ids: tuple[str, ...]
    unsigned: bool
    text: str
    html: str
    upload_ids: tuple[str, ...]
    token: uuid.UUID
    is_draft: bool = False


def fields_of_request(message: Message) -> dict[str, Any]:
    """Return the form's fields as typed, in the shape in which a draft stores them. Text and uploads are not among them."""
    form = request.form
    return {
        "message_id": str(message.id),
        "to": storable(form.get("to", ""))[:ADDRESS_CHARACTERS],
        "cc": storable(form.get("cc", ""))[:ADDRESS_CHARACTERS],
        "bcc": storable(form.get("bcc", ""))[:ADDRESS_CHARACTERS],
        "subject": " ".join(storable(form.get("subject", "")).split())[:SUBJECT_CHARACTERS],
        "mailbox_id": str(parse_uuid(form.get("mailbox_id")) or ""),
        "file_ids": [str(found) for found in map(parse_uuid, form.getlist("file_id")) if found],
        "unsigned": "signature_shown" in form and "signed" not in form,
    }


def uploads_of_request() -> tuple[uuid.UUID, ...]:
    return tuple(found for found in map(parse_uuid, request.form.getlist("attachment_id")) if found)


def form_of_request(message: Message) -> ForwardForm:
    uploads = uploads_of_request()
    written = read_writing(uploads, formatted=True)
    token = parse_uuid(request.form.get("client_token")) or new_id()
    return _form(fields_of_request(message), written, [str(found) for found in uploads], token)


def form_to_offer(session: Session, message: Message, files: Sequence[Attachment]) -> ForwardForm:
    """Return the form to show: filled from the viewer's forward draft on this thread if there is one, otherwise empty.

    If the draft was for forwarding another message of the thread, its text and recipients are used, but not its subject,
    mailbox and files of the original.
    """
    offered = {"subject": subject_to_forward(message), "file_ids": [str(file.id) for file in files]}
    draft = find_forward_draft(session, user_id=current_viewer().user_id, thread_id=message.thread_id)
    if draft is None:
        return _form(offered, Writing(""), (), new_id())
    kept = _kept_fields(draft)
    if kept.get("message_id") != str(message.id):
        kept = {name: value for name, value in kept.items() if name not in PLACE_FIELDS}
    written = Writing(draft.text, html_of_draft(draft))
    return _form({**offered, **kept}, written, draft.attachment_ids, token_of(draft) or new_id(), is_draft=True)


def _kept_fields(draft: Draft | None) -> dict[str, Any]:
    return dict(draft.options.get(KIND) or {}) if draft is not None else {}


def _form(
    fields: Mapping[str, Any], written: Writing, uploads: Sequence[str], token: uuid.UUID, *, is_draft: bool = False
) -> ForwardForm:
    return ForwardForm(
        to=fields.get("to", ""),
        cc=fields.get("cc", ""),
        bcc=fields.get("bcc", ""),
        subject=fields.get("subject", ""),
        mailbox_id=fields.get("mailbox_id", ""),
        file_ids=tuple(fields.get("file_ids", ())),
        unsigned=bool(fields.get("unsigned")),
        text=written.text,
        html=written.html,
        upload_ids=tuple(uploads),
        token=token,
        is_draft=is_draft,
    )


def forward_of_form(message: Message, uploads: tuple[uuid.UUID, ...], *, signature: str, viewer: Viewer) -> Forward:
    """Return the forward that the posted form describes, with the files `uploads`. Raises UnableToReply with the field that is
    wrong."""
    fields, written = fields_of_request(message), read_writing(uploads, formatted=True)
    to = read_addresses("to")
    if not to:
        raise UnableToReply("to", _("Enter a recipient"))
    whole = with_original(written, "" if fields["unsigned"] else signature, quoted_original(message))
    return Forward(
        message_id=message.id,
        to=to,
        cc=read_addresses("cc"),
        bcc=read_addresses("bcc"),
        subject=fields["subject"] or subject_to_forward(message),
        text=whole.text,
        html=whole.html,
        file_ids=tuple(uuid.UUID(text) for text in fields["file_ids"]),
        attachment_ids=uploads,
        client_token=parse_uuid(request.form.get("client_token")),
        last_seen_message_id=parse_uuid(request.form.get("last_seen_message_id")),
        wait_seconds=viewer.undo_send_seconds,
        typed={"text": written.text.strip(), "html": written.html, "options": {KIND: fields}},
    )


def with_original(written: Writing, signature: str, quoted: str) -> Writing:
    """Return the whole text of a forward: typed text, signature, original. With HTML only if the typed text has it."""
    text = "\n\n".join(part for part in (written.text.strip(), signature, quoted) if part)
    if not written.html:
        return Writing(text)
    return Writing(text, f"{written.html}\n{text_to_rich(signature)}\n<p>{text_to_html(quoted)}</p>")


def keep_request(session: Session, message: Message) -> None:
    """Save the form as a draft."""
    uploads = uploads_of_request()
    written = read_writing(uploads, formatted=True)
    token = parse_uuid(request.form.get("client_token"))
    options = {KIND: fields_of_request(message), "html": written.html, "client_token": str(token) if token else None}
    files = [str(found) for found in uploads]
    _save(session, message.thread_id, written.text, files, options, user_id=current_viewer().user_id)


def put_back(session: Session, user_id: uuid.UUID, taken: TakenBack) -> list[str]:
    """Save a taken-back forward as a draft, followed by what its writer typed since. Returns the ids of the draft's files."""
    kept = find_forward_draft(session, user_id=user_id, thread_id=taken.thread_id)
    text, files = (kept.text, list(kept.attachment_ids)) if kept else ("", [])
    both = "\n\n".join(part for part in (taken.text, text.strip()) if part)
    html = taken.html and taken.html + text_to_rich(text)  # used again if it still says what the text says
    options = {**taken.options, "html": html, "client_token": str(new_id())}  # the former token is used up
    ids = dict.fromkeys([*map(str, taken.attachment_ids), *files])
    _save(session, taken.thread_id, both, list(ids), options, user_id=user_id)
    return list(ids)


def _save(
    session: Session, thread_id: uuid.UUID, text: str, files: Sequence[str], options: Mapping[str, Any], *, user_id: uuid.UUID
) -> None:
    save_forward_draft(
        session,
        user_id=user_id,
        thread_id=thread_id,
        text=text,
        attachment_ids=files,
        options=options,
        now=utc_now(),
    )


def subject_to_forward(message: Message) -> str:
    """Return "Fwd: " and the message's subject, or, for a message without a subject (a chat), its first 60 characters.

    A subject that already begins with "Fwd:" or "Fw:" is returned unchanged.
    """
    about = message.subject or " ".join(message.text.split())[:60]
    return about if about.lower().startswith(("fwd:", "fw:")) else f"Fwd: {about}".strip()


def quoted_original(message: Message) -> str:
    """Return the original message under a header of sender, time and subject, as mail programs write it."""
    sender = " ".join(part for part in (message.sender.get("name"), _bracketed(message.sender.get("address"))) if part)
    title = _("Forwarded message")
    lines = [
        f"---------- {title} ----------",
        _("From: %(sender)s", sender=sender or "?"),
        _("Date: %(when)s", when=format_datetime(message.occurred_at, "EEEE d MMMM y HH:mm")),
    ]
    if message.subject:
        lines.append(_("Subject: %(subject)s", subject=message.subject))
    return "\n".join([*lines, "", message.text.strip()]).rstrip()


def _bracketed(address: str | None) -> str:
    return f"<{address}>" if address else ""

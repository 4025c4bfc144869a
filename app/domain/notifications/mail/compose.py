"""Compose system mails: plain text, marked as automatic so that no machine answers them. Pure.

A mail with pictures also has an HTML part with the same text. Its pictures are attached, because mail programs do not load
remote pictures without asking, and several of them do not show pictures embedded in the HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from app.mail.compose import WirePolicy

NAME = "Switchyard"


@dataclass(frozen=True)
class MailFile:
    """A picture or attachment of a mail. The HTML part refers to a picture by `cid:` and its `name`. `mime_type` is for example
    "image/png"."""

    name: str
    mime_type: str
    content: bytes


@dataclass(frozen=True)
class SystemMail:
    """A mail that the application itself sends.

    `reference` becomes its Message-ID, so that a mail that arrives twice is recognised as the same one. `unsubscribe_url` is
    "" if the receiver cannot unsubscribe from it.
    """

    to: str
    to_name: str
    subject: str
    text: str
    reference: str
    unsubscribe_url: str = ""
    html: str = ""
    pictures: tuple[MailFile, ...] = ()
    files: tuple[MailFile, ...] = ()


def compose(mail: SystemMail, *, sender: str, now: datetime) -> EmailMessage:
    """Return the MIME message of a system mail. Raises ValueError for an invalid address."""
    message = EmailMessage(policy=WirePolicy())
    message["From"] = Address(NAME, addr_spec=sender)
    message["To"] = Address(mail.to_name, addr_spec=mail.to)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.reference}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if mail.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, cte="quoted-printable")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
        _add_pictures(message, mail)
    for file in mail.files:
        kind, _slash, subtype = file.mime_type.partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return message


def _add_pictures(message: EmailMessage, mail: SystemMail) -> None:
    html = message.get_payload()[1]  # type: ignore[index]
    for picture in mail.pictures:
        kind, _slash, subtype = picture.mime_type.partition("/")
        html.add_related(  # type: ignore[union-attr]
            picture.content, maintype=kind, subtype=subtype, cid=f"<{picture.name}>", disposition="inline", filename=picture.name
        )

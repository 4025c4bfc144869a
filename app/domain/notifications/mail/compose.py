"""Mails nobody answers: plain text, marked as automatic so that no machine answers them either. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from app.mail.compose import WirePolicy

NAME = "Switchyard"


@dataclass(frozen=True)
class SystemMail:
    """One mail. `reference` makes its Message-ID, so that a mail that comes twice is known as one; `unsubscribe_url` only where
    there is something to unsubscribe from."""

    to: str
    to_name: str
    subject: str
    text: str
    reference: str
    unsubscribe_url: str = ""


def compose(mail: SystemMail, *, sender: str, now: datetime) -> EmailMessage:
    """The mail as it leaves. Raises ValueError for an address that is none."""
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
    return message

"""Make automatic answers to a mail of ours (bounces, receipts, out-of-office) as bytes, for any simulated mailbox."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from email.message import Message as MimePart
from email.utils import format_datetime
from typing import Protocol

from app.sandbox.simulators.common import BadOrder

ANSWERS = ("bounce", "delayed", "delivered", "out_of_office", "read_receipt", "not_read", "silent_reply")


class Sent(Protocol):
    """A mail that we sent: its time, its mailbox and its content."""

    @property
    def at(self) -> datetime: ...
    @property
    def mailbox(self) -> str: ...
    @property
    def mail(self) -> MimePart: ...
    @property
    def message_id(self) -> str: ...


def write_answer(kind: str, sent: Sent, who: str, *, now: datetime) -> bytes:
    """Return the automatic answer of address `who` to the mail `sent`, as bytes.

    Raises `BadOrder` if `kind` is not in ANSWERS.
    """
    if kind not in ANSWERS:
        raise BadOrder(f"kind must be one of {', '.join(ANSWERS)}")
    return _REPORTS[kind](sent, who, now) if kind in _REPORTS else _dsn(sent, who, now, kind)


def _new_message_id(domain: str) -> str:
    return f"<{secrets.token_hex(16).upper()}@{domain}>"


def _head(sent: Sent, who: str, now: datetime, subject: str, **extra: str) -> list[str]:
    lines = {
        "From": extra.pop("sender", who),
        "To": sent.mailbox,
        "Subject": subject,
        "Date": format_datetime(now),
        "Message-ID": _new_message_id(who.rpartition("@")[2] or "example.org"),
        "In-Reply-To": sent.message_id,
        "References": " ".join(filter(None, (str(sent.mail["References"] or ""), sent.message_id))),
        "MIME-Version": "1.0",
    }
    named = {name.replace("_", "-"): value for name, value in extra.items()}
    return [f"{name}: {value}" for name, value in {**lines, **named}.items()]


def _subject(sent: Sent) -> str:
    return str(sent.mail["Subject"] or "")


def _joined(*blocks: list[str]) -> bytes:
    return "\r\n".join("\r\n".join(block) for block in blocks).encode("utf-8", "surrogateescape")


def _report(head: list[str], report_type: str, text: str, status_type: str, status: list[str], original: list[str]) -> bytes:
    edge = f"=_{secrets.token_hex(12)}"
    head = [*head, f'Content-Type: multipart/report; report-type={report_type}; boundary="{edge}"', ""]
    first = [f"--{edge}", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text, ""]
    second = [f"--{edge}", f"Content-Type: {status_type}", "", *status, ""]
    third = [f"--{edge}", "Content-Type: text/rfc822-headers", "", *original, "", f"--{edge}--", ""]
    return _joined(head, first, second, third)


def _original_head(sent: Sent) -> list[str]:
    return [f"{name}: {value}" for name, value in sent.mail.items() if not name.lower().startswith("content-")]


_DSN_KINDS = {
    "bounce": ("failed", "5.1.1", "550 5.1.1 The email account that you tried to reach does not exist", "Undeliverable"),
    "delayed": ("delayed", "4.4.7", "451 4.4.7 Message delayed", "Delivery delayed"),
    "delivered": ("delivered", "2.0.0", "250 2.0.0 OK", "Delivered"),
}


def _dsn(sent: Sent, who: str, now: datetime, kind: str) -> bytes:
    action, status, diagnostic, word = _DSN_KINDS[kind]
    exchange = f"Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@{sent.mailbox.rpartition('@')[2]}>"
    head = _head(sent, who, now, f"{word}: {_subject(sent)}", sender=exchange, Return_Path="<>", Auto_Submitted="auto-replied")
    groups = ["Reporting-MTA: dns;EUR01.prod.outlook.example", f"Arrival-Date: {format_datetime(sent.at)}", ""]
    groups += [f"Final-Recipient: rfc822;{who}", f"Action: {action}", f"Status: {status}", f"Diagnostic-Code: smtp;{diagnostic}"]
    return _report(
        head, "delivery-status", f"{word}: {who}\r\n{diagnostic}", "message/delivery-status", groups, _original_head(sent)
    )


def _receipt(sent: Sent, who: str, now: datetime, disposition: str, word: str) -> bytes:
    head = _head(sent, who, now, f"{word}: {_subject(sent)}")
    fields = [f"Final-Recipient: rfc822;{who}", f"Original-Message-ID: {sent.message_id}"]
    fields += [f"Disposition: manual-action/MDN-sent-manually; {disposition}"]
    return _report(head, "disposition-notification", f"{word}.", "message/disposition-notification", fields, _original_head(sent))


def _out_of_office(sent: Sent, who: str, now: datetime) -> bytes:
    extra = {"Auto_Submitted": "auto-generated", "X_MS_Exchange_Generated_Message_Source": "Mailbox Rules Agent"}
    head = _head(sent, who, now, f"Automatisch antwoord: {_subject(sent)}", **extra)
    return _joined([*head, "Content-Type: text/plain; charset=utf-8", "", "Ik ben er niet. Maandag lees ik uw bericht.", ""])


def _silent_reply(sent: Sent, who: str, now: datetime) -> bytes:
    """Return the automatic answer of a badly made program. It looks like a new mail from a person."""
    head = [f"From: {who}", f"To: {sent.mailbox}", "Subject: Goed om te weten", f"Date: {format_datetime(now)}"]
    head.append(f"Message-ID: {_new_message_id(who.rpartition('@')[2] or 'example.org')}")
    return _joined([*head, "Content-Type: text/plain; charset=utf-8", "", "Fijn dat u schrijft. Wij bellen u morgen.", ""])


_REPORTS: dict[str, Callable[[Sent, str, datetime], bytes]] = {
    "out_of_office": _out_of_office,
    "read_receipt": lambda sent, who, now: _receipt(sent, who, now, "displayed", "Gelezen"),
    "silent_reply": _silent_reply,
    "not_read": lambda sent, who, now: _receipt(sent, who, now, "deleted", "Niet gelezen"),
}

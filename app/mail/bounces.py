"""Parse delivery reports: bounces, delays, deliveries (RFC 3464), read receipts (RFC 8098), complaints (RFC 5965).

Anybody can send a report. Here they are only parsed; the caller must check that the named message was really sent to the named
recipient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from app.contract.base import DeliveryStatus, Json, StatusUpdate
from app.mail.addresses import parse_addresses
from app.mail.bounce_reasons import make_reason
from app.mail.bounce_text import read_plain_bounce
from app.mail.charsets import decode_bytes
from app.mail.headers import read_message_ids
from app.mail.reports import Outcome, Report
from app.mail.source import HeaderBlock, Part, split_headers

_DELIVERY: Final = frozenset(["message/delivery-status", "message/global-delivery-status"])
_RECEIPT: Final = frozenset(["message/disposition-notification", "message/global-disposition-notification"])
_ORIGINAL: Final = frozenset(
    ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "text/rfc822", "message/partial"]
)
_BLANK_LINES: Final = re.compile(rb"\n\s*\n")
_ADDRESS: Final = re.compile(r"(?<![^\s<>\"',;:()@])[^\s<>\"',;:()@]++@[^\s<>\"',;()]+")
_STATUS_CODE: Final = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
_BY_CLASS: Final = {"2": "delivered", "4": "delayed", "5": "failed"}
_FIELD: Final = re.compile(rb"[A-Za-z][A-Za-z0-9-]*[ \t]*:|[ \t]+\S")
_MAX_OUTCOMES: Final = 500


def read_report(root: Part, text: str) -> Report | None:
    """Return the delivery report, receipt or complaint in a mail, or None for every other mail. `text` is the readable body."""
    for part in root.walk():
        if part.content_type in _DELIVERY or _is_mislabelled_status(part, root):
            return _read_delivery(root, part)
        if part.content_type in _RECEIPT:
            return _read_receipt(root, part)
        if part.content_type == "message/feedback-report":
            return _read_complaint(root, part)
    if _is_hotmail_complaint(root.headers):
        return Report("complaint", (), _original_ids(root))
    return read_plain_bounce(root, text, original_ids=_original_ids(root))


def status_updates(report: Report, *, occurred_at: datetime) -> tuple[StatusUpdate, ...]:
    """Return the status changes in a report: bounced, delivered or read. Delays, relays and unread receipts change nothing."""
    message_id = next(iter(report.original_ids), None)
    if message_id is None:
        return ()
    return tuple(
        StatusUpdate(
            status=status,
            occurred_at=occurred_at,
            rfc822_message_id=message_id,
            recipient=outcome.recipient or None,
            reason=make_reason(outcome.status, outcome.diagnostic) if status is DeliveryStatus.BOUNCED else None,
            raw=outcome.as_json(),
        )
        for outcome in report.outcomes
        if (status := _STATUS_OF_ACTION.get(outcome.action))
    )


_STATUS_OF_ACTION: Final = {
    "failed": DeliveryStatus.BOUNCED,
    "delivered": DeliveryStatus.DELIVERED,
    "displayed": DeliveryStatus.READ,
}


def _is_mislabelled_status(part: Part, root: Part) -> bool:
    """Return whether the part is a delivery status that a gateway sent as text/plain."""
    is_candidate = part is not root and root.content_type == "multipart/report" and part.content_type == "text/plain"
    return is_candidate and bool(re.search(rb"(?im)^(?:original|final)-recipient:", part.content[:20_000]))


def _read_delivery(root: Part, part: Part) -> Report:
    groups = list(_groups(part.content))
    outcomes = [_outcome(group) for group in groups if _names_recipient(group)][:_MAX_OUTCOMES]
    outcomes = _with_recipients(outcomes, root)
    reporter = next((group.text("reporting-mta") for group in groups if "reporting-mta" in group), "")
    kind = _kind_of(outcome.action for outcome in outcomes)
    return Report(kind, tuple(outcomes), _original_ids(root), reporter.rpartition(";")[2].strip())


def _groups(content: bytes) -> Iterable[HeaderBlock]:
    """Yield the groups of header lines. Lines that are no header, such as badly folded server answers, are skipped."""
    plain = content.replace(b"\r\n", b"\n").strip(b"\n")
    for group in _BLANK_LINES.split(plain):
        kept = b"".join(line + b"\n" for line in group.split(b"\n") if _FIELD.match(line))
        yield split_headers(kept)[0]


def _names_recipient(group: HeaderBlock) -> bool:
    return "final-recipient" in group or "original-recipient" in group


def _with_recipients(outcomes: list[Outcome], root: Part) -> list[Outcome]:
    """Return the outcomes. If the report names no recipient and the original went to one person, this person is the recipient."""
    if any(outcome.recipient for outcome in outcomes):
        return outcomes
    sent_to = _original_recipients(root)
    if len(sent_to) != 1:
        return outcomes
    return [replace(outcome, recipient=sent_to[0]) for outcome in outcomes or [Outcome("", "failed")]]


def _original_recipients(root: Part) -> list[str]:
    headers = next((split_headers(part.content.lstrip(b"\r\n"))[0] for part in _originals(root)), HeaderBlock())
    return [item.address for name in ("to", "cc") for item in parse_addresses(headers.raw(name)) if item.address]


def _originals(root: Part) -> Iterable[Part]:
    return (part for part in root.walk() if part is not root and part.content_type in _ORIGINAL)


def _kind_of(actions: Iterable[str]) -> str:
    found = set(actions)
    if not found or "failed" in found:
        return "bounce"
    return "delay" if "delayed" in found else "delivery"


def _outcome(group: HeaderBlock) -> Outcome:
    diagnostic = group.text("diagnostic-code")
    status = _STATUS_CODE.search(group.text("status"))
    action = group.text("action").lower().split(";")[0].split(" ")[0]
    return Outcome(
        recipient=_recipient(group),
        action=_known_action(action, status),
        status=status[0] if status else "",
        diagnostic=diagnostic[:1000],
    )


def _known_action(action: str, status: re.Match[str] | None) -> str:
    if action in ("failed", "delayed", "delivered", "relayed", "expanded"):
        return action
    return _BY_CLASS[status[1]] if status else "failed"


def _recipient(group: HeaderBlock) -> str:
    """Return the address that we wrote to: the report's original recipient, or its final recipient, or "" if it names neither."""
    for name in ("original-recipient", "final-recipient"):
        found = _ADDRESS.search(group.text(name).partition(";")[2] or group.text(name))
        if found:
            return found[0].lower()
    return ""


def _read_receipt(root: Part, part: Part) -> Report:
    fields = next(iter(_groups(part.content)), HeaderBlock())
    disposition = fields.text("disposition").lower()
    final = disposition.rpartition(";")[2].strip().split("/")[0].split(",")[0].strip()
    ids = read_message_ids(fields.all_raw("original-message-id")) or _original_ids(root)
    outcome = Outcome(_recipient(fields), final or "displayed", "", disposition[:300])
    return Report("read" if outcome.action == "displayed" else "unread", (outcome,), ids)


def _is_hotmail_complaint(headers: HeaderBlock) -> bool:
    """Return whether the mail is a complaint of Outlook.com. These come from one fixed address and do not follow RFC 5965."""
    sender = next((item.address for item in parse_addresses(headers.raw("from"))), "")
    return sender == "staff@hotmail.com" and headers.text("subject").startswith("complaint about message from")


def _read_complaint(root: Part, part: Part) -> Report:
    fields = next(iter(_groups(part.content)), HeaderBlock())
    recipient = next((item.address for item in parse_addresses(fields.raw("original-rcpt-to"))), "")
    outcome = Outcome(recipient, "complaint", "", fields.text("feedback-type")[:100])
    return Report("complaint", (outcome,), _original_ids(root))


def _original_ids(root: Part) -> tuple[str, ...]:
    """Return the Message-ID of the original mail, as a tuple of at most one id.

    It is read from the enclosed mail. If there is none, it is the id of the mail that the report answers.
    """
    for part in _originals(root):
        found = read_message_ids(split_headers(part.content.lstrip(b"\r\n"))[0].all_raw("message-id"))
        found = found or _ids_in_text(part.content)
        if found:
            return found[:1]
    answered = read_message_ids(root.headers.all_raw("in-reply-to"))
    return answered[:1] or read_message_ids(root.headers.all_raw("references"))[-1:]


def _ids_in_text(content: bytes) -> tuple[str, ...]:
    match = re.search(rb"(?im)^message-id:[ \t]*((?:\r?\n[ \t]+)?[^\r\n]+)", content[:100_000])
    return read_message_ids([decode_bytes(match[1], None)]) if match else ()


def report_as_json(report: Report) -> Json:
    """Return the data of a report that pages show."""
    return {
        "kind": report.kind,
        "reporter": report.reporter,
        "outcomes": [outcome.as_json() for outcome in report.outcomes[:50]],
    }

"""Read bounces without a machine-readable part, as sent by qmail, Exim, old Exchange, older Gmail and others.

A mail counts as a bounce only if its sender and its wording agree, so that a person's mail about a bounce does not count.
"""

from __future__ import annotations

import re
from typing import Final

from app.mail.addresses import parse_addresses
from app.mail.bounce_words import COPY_STARTS, DELAY, GIVEN_UP, MAILER, MAILER_NAME, OFFICE, SUBJECT, TEXT
from app.mail.headers import has_reply_mark, read_message_ids
from app.mail.reports import Outcome, Report
from app.mail.source import HeaderBlock, Part

_MESSAGE_ID: Final = re.compile(r"(?im)^[>\s]{0,4}message-id:[ \t]*(?:\n[ \t>]+)?(<[^<>\n]{3,900}>)")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+'=/&#!~{}|^`$*?-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}")
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,2}\.\d{1,3})(?![\d.])")
_SMTP: Final = re.compile(r"\b(?:5[0-5]\d|4[25][0-2])[ -].{0,200}")
_MAX_TEXT: Final = 200_000
_MAX_RECIPIENTS: Final = 100


def read_plain_bounce(root: Part, text: str, *, original_ids: tuple[str, ...]) -> Report | None:
    """Return the bounce that a mail describes in words, or None if the mail is not clearly a bounce."""
    text = text[:_MAX_TEXT]
    if not _is_bounce(root.headers, root.headers.text("subject"), text):
        return None
    told, copy = _without_copy(text)
    ids = _ids_in(copy) or original_ids
    recipients = _recipients(root.headers, told, copy)
    kind = "delay" if DELAY.search(told) and not GIVEN_UP.search(told) else "bounce"
    status, diagnostic = _STATUS.search(told), _SMTP.search(told)
    outcome = Outcome(
        recipient="",
        action="delayed" if kind == "delay" else "failed",
        status=status[1] if status else "",
        diagnostic=" ".join((diagnostic[0] if diagnostic else _around(told)).split())[:1000],
    )
    outcomes = tuple(Outcome(item, outcome.action, outcome.status, outcome.diagnostic) for item in recipients)
    return Report(kind, outcomes or (outcome,), ids, is_certain=False)


def _is_bounce(headers: HeaderBlock, subject: str, text: str) -> bool:
    """Return whether the mail is a bounce.

    The header X-Failed-Recipients is enough. In a mail from a mailer, the subject or the words of a bounce are enough. In
    any other mail both are needed, and a further sign such as an empty return path.
    """
    if "x-failed-recipients" in headers:
        return True
    if has_reply_mark(subject) and not _is_mailer(headers):
        return False
    has_subject = SUBJECT.search(subject) is not None
    if _is_mailer(headers):
        return has_subject or TEXT.search(text) is not None
    if not has_subject or TEXT.search(text) is None:  # a long text is read where the subject gives reason to
        return False
    if _has_no_sender(headers):
        return True
    is_office = any(OFFICE.fullmatch(item.address.partition("@")[0]) for item in parse_addresses(headers.raw("from")))
    return is_office and (_MESSAGE_ID.search(text) or COPY_STARTS.search(text)) is not None


def _is_mailer(headers: HeaderBlock) -> bool:
    senders = parse_addresses(headers.raw("from"))
    return any(MAILER.fullmatch(item.address.partition("@")[0]) or MAILER_NAME.search(item.name) for item in senders)


def _has_no_sender(headers: HeaderBlock) -> bool:
    return any(value.strip() == "<>" for value in headers.all_raw("return-path"))


def _without_copy(text: str) -> tuple[str, str]:
    """Return two texts: the report's own text, and the rest, which begins with the quoted original mail."""
    start = COPY_STARTS.search(text)
    header = _MESSAGE_ID.search(text)
    cut = min((match.start() for match in (start, header) if match), default=len(text))
    return (text[:cut], text[cut:]) if text[:cut].strip() else (text, text)


def _ids_in(text: str) -> tuple[str, ...]:
    match = _MESSAGE_ID.search(text)
    return read_message_ids([match[1]]) if match else ()


def _recipients(headers: HeaderBlock, told: str, copy: str) -> list[str]:
    """Return the addresses of the failed recipients.

    They are those in X-Failed-Recipients. If there are none, they are the addresses in the report to which the original
    went. If there are none of these either, it is the first address in the report.
    """
    failed = [item.address for value in headers.all_raw("x-failed-recipients") for item in parse_addresses(value)]
    if failed:
        return failed[:_MAX_RECIPIENTS]
    ours = {item.address for name in ("to", "delivered-to", "from") for item in parse_addresses(headers.raw(name))}
    named = [item for found in _ADDRESS.findall(told) if (item := found.strip(".'").lower()) not in ours]
    sent_to = {item.address for match in re.findall(r"(?im)^[>\s]{0,4}(?:to|cc):(.*)$", copy) for item in parse_addresses(match)}
    both = list(dict.fromkeys(item for item in named if item in sent_to))
    return (both or named[:1])[:_MAX_RECIPIENTS]


def _around(told: str) -> str:
    match = TEXT.search(told)
    return told[max(0, match.start() - 60) : match.end() + 200] if match else told[:200]

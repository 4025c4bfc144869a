"""Parse the bytes of a mail into an `InboundMessage`.

Parsing never fails if anything in the bytes is readable. Broken parts are read as far as possible, and `meta["problems"]`
has a sentence about each of them. Only bytes that are no mail at all (empty, or a binary file) raise UnableToParse.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from app.contract.base import (
    Automatic,
    Direction,
    Identity,
    IdentityKind,
    InboundAttachment,
    InboundMessage,
    Json,
    MailEvidence,
    Party,
    UnableToParse,
)
from app.core.text import mark as N_
from app.mail.addresses import Address, parse_addresses
from app.mail.addressing import read_message_id
from app.mail.attachments import from_tnef, read_attachments
from app.mail.authentication import read_authentication
from app.mail.automatic import MailFacts, asks_for_no_automatic_answer, classify
from app.mail.body import Body, read_body
from app.mail.bounces import read_report, report_as_json, status_updates
from app.mail.compose import DELIVERY_HEADER
from app.mail.dates import believe_date
from app.mail.headers import NO_ID_PREFIX, read_message_ids, read_plus_tokens, read_subject_token
from app.mail.html_text import html_to_text
from app.mail.invitations import Invitation, find_invitation
from app.mail.protected import NOTICES, read_encryption, read_signature
from app.mail.reports import Report
from app.mail.source import HeaderBlock, Part, read_source
from app.mail.tnef import Opened, is_tnef, open_tnef

MAX_SUBJECT: Final = 990
_KNOWN_HEADERS: Final = (
    "from to cc subject date message-id received return-path content-type mime-version reply-to sender delivered-to"
)
_UNPRINTABLE: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def parse_mail(
    raw: bytes,
    *,
    own_addresses: frozenset[str],
    received_at: datetime,
    envelope_to: Sequence[str] = (),
    keys: Sequence[bytes] = (),
) -> InboundMessage:
    """Return the message in `raw` (RFC 5322 bytes, however damaged).

    `own_addresses` are our mailboxes in lower case; a mail From one of them is outgoing. `received_at` is aware and used if
    the Date is not plausible. `envelope_to` are the transport's recipients, if known. `keys` are our signing keys, by which
    we recognise our own mail when it comes back. The `html` of the result is not sanitised. Raises UnableToParse for bytes
    without any sign of a mail.
    """
    root = read_source(raw)
    _refuse_what_is_no_mail(root, raw)
    return _Mail(root, own_addresses, received_at, tuple(envelope_to), tuple(keys)).message()


def _refuse_what_is_no_mail(root: Part, raw: bytes) -> None:
    if not raw.strip():
        raise UnableToParse(N_("The email is empty."))
    if any(name in root.headers for name in _KNOWN_HEADERS.split()):
        return
    sample = root.raw[:4000]
    if len(_UNPRINTABLE.findall(sample)) > len(sample) // 50:
        raise UnableToParse(N_("This is not an email: it has no header and is not text."))


@dataclass(frozen=True)
class _Mail:
    """One mail that is being parsed. Each property is calculated only once."""

    root: Part
    own_addresses: frozenset[str]
    received_at: datetime
    envelope_to: tuple[str, ...]
    keys: tuple[bytes, ...]

    def message(self) -> InboundMessage:
        verdict = self.verdict
        date = self.headers.raw("date")
        occurred_at = believe_date(date, received_at=self.received_at)
        content_hash = self._content_hash()
        message_id = next(iter(self.message_ids), None)
        return InboundMessage(
            external_id=message_id or NO_ID_PREFIX + content_hash,
            content_hash=content_hash,
            occurred_at=occurred_at,
            sender=_party(self.sender),
            direction=self.direction,
            recipients=_parties(self._addresses("to") or self._addresses("apparently-to")),
            cc=_parties(self._addresses("cc")),
            kind=self._kind(),
            subject=self.subject,
            text=self.text,
            html=self.html,
            attachments=tuple(self.attachments),
            automatic=verdict[0] if verdict else None,
            automatic_reason=verdict[1] if verdict else "",
            evidence=self._evidence(message_id),
            our_reference=self.headers.raw(DELIVERY_HEADER.lower())[:200] or None,
            bounces=status_updates(self.report, occurred_at=occurred_at) if self.report else (),
            meta=self._meta(date, occurred_at),
        )

    @property
    def headers(self) -> HeaderBlock:
        return self.root.headers

    @cached_property
    def message_ids(self) -> tuple[str, ...]:
        return read_message_ids(self.headers.all_raw("message-id"))

    @cached_property
    def subject(self) -> str:
        return self.headers.text("subject")[:MAX_SUBJECT]

    @cached_property
    def authors(self) -> list[Address]:
        """Return the mailboxes of From. If it is missing or has no address, return those of the next header that names a
        sender."""
        names = ("from", "sender", "resent-from", "reply-to", "return-path", "x-envelope-from")
        lists = (self._addresses(name) for name in names)
        named = [found for found in lists if found]
        return next((found for found in named if found[0].address), named[0] if named else [])

    @property
    def sender(self) -> Address:
        return self.authors[0] if self.authors else Address("", "")

    @property
    def direction(self) -> Direction:
        return Direction.OUTGOING if self._is_own(self.sender.address) else Direction.INCOMING

    def _is_own(self, address: str) -> bool:
        """Return whether the address is one of our mailboxes, or a plus-address of one of them."""
        local, _, domain = address.rpartition("@")
        return address in self.own_addresses or f"{local.partition('+')[0]}@{domain}" in self.own_addresses

    @cached_property
    def body(self) -> Body:
        return read_body(self.root)

    @cached_property
    def opened(self) -> list[Opened]:
        return [open_tnef(part.content) for part in self.body.files if is_tnef(part)]

    @cached_property
    def html(self) -> str:
        return self.body.html or ("" if self.body.text.strip() else next((item.html for item in self.opened if item.html), ""))

    @cached_property
    def encryption(self) -> str:
        return read_encryption(self.root, self.body.text)

    @cached_property
    def text(self) -> str:
        if self.body.text.strip():
            return self.body.text
        instead = next((item.text or html_to_text(item.html) for item in self.opened if item.text.strip() or item.html), "")
        return instead or NOTICES.get(self.encryption, "") or (self.invitation.as_text() if self.invitation else "")

    @cached_property
    def attachments(self) -> list[InboundAttachment]:
        found = read_attachments(self.body.files, self.html)
        return found + [item for opened in self.opened for item in from_tnef(opened)]

    @cached_property
    def invitation(self) -> Invitation | None:
        return find_invitation(self.root)

    @cached_property
    def report(self) -> Report | None:
        return read_report(self.root, self.body.text)

    @cached_property
    def verdict(self) -> tuple[Automatic, str] | None:
        method = self.invitation.method if self.invitation else ""
        return classify(MailFacts(self.root, self.subject, self.body.text, self.report, method, self._is_ours_come_back()))

    def _is_ours_come_back(self) -> bool:
        """Return whether this is a mail of ours that came back to us: it is signed by us and is not outgoing.

        The copy in Sent Items is signed, too, but it is outgoing.
        """
        if self.direction is Direction.OUTGOING:
            return False
        is_signed = any(read_message_id(item, keys=self.keys) for item in self.message_ids)
        return is_signed or DELIVERY_HEADER.lower() in self.headers

    def _kind(self) -> str:
        if self.encryption:
            return "encrypted"
        return "calendar" if self.invitation else "text"

    def _addresses(self, name: str) -> list[Address]:
        return [item for value in self.headers.all_raw(name) for item in parse_addresses(value)]

    def _evidence(self, message_id: str | None) -> MailEvidence:
        everyone = [item.address for name in ("from", "to", "cc", "reply-to") for item in self._addresses(name)]
        return MailEvidence(
            message_id=message_id,
            in_reply_to=read_message_ids(self.headers.all_raw("in-reply-to")),
            references=read_message_ids(self.headers.all_raw("references")),
            plus_tokens=read_plus_tokens(self.headers, self.envelope_to),
            subject_token=read_subject_token(self.subject),
            participants=tuple(dict.fromkeys(address for address in everyone if address)),
            bounced_message_ids=self.report.original_ids if self.report else (),
        )

    def _content_hash(self) -> str:
        """Return a hash of Date, From, Subject, text and files. It is the same if one mail is received in two ways."""
        words = " ".join(self.body.text.split())
        files = sorted(item.sha256 or "" for item in self.attachments)
        pieces = [self.headers.raw("date"), self.headers.raw("from"), self.headers.raw("subject"), words, *files]
        return hashlib.sha256("\0".join(pieces).encode("utf-8", "replace")).hexdigest()

    def _meta(self, date: str, occurred_at: datetime) -> Json:
        headers = self.headers
        values: Json = {
            "claimed_date": date[:200] if occurred_at == self.received_at else "",
            "other_authors": [item.address for item in self.authors[1:20] if item.address],
            "reply_to": self._reply_to(),
            "bcc": [item.address for item in self._addresses("bcc")[:100] if item.address],
            "list_id": headers.text("list-id")[:300],
            "importance": _importance(headers),
            "asks_no_automatic_answer": asks_for_no_automatic_answer(headers),
            "authentication": read_authentication(headers),
            "encrypted": self.encryption,
            "signed": read_signature(self.root),
            "calendar": self.invitation.as_meta() if self.invitation else {},
            "report": report_as_json(self.report) if self.report else {},
            "other_message_ids": list(self.message_ids[1:10]),
            "problems": list(dict.fromkeys(self._problems())),
        }
        return {name: value for name, value in values.items() if value}

    def _reply_to(self) -> str:
        """Return the address at which the sender wants answers. Return "" if there is none, or it is the sender's or one of
        ours."""
        wanted = (item.address for item in self._addresses("reply-to"))
        return next((item for item in wanted if item and item != self.sender.address and not self._is_own(item)), "")

    def _problems(self) -> Iterable[str]:
        if not self.headers.lines:
            yield "The email has no header; all of it is shown as text."
        elif not self.sender.address:
            yield "The email names no sender."
        for part in self.root.walk():
            yield from part.problems
            if not part.children and part.damage:
                yield part.damage
        yield from (item.problem for item in self.opened if item.problem)


def _party(address: Address) -> Party:
    return Party((Identity(IdentityKind.EMAIL, address.address),) if address.address else (), address.name)


def _parties(addresses: Iterable[Address]) -> tuple[Party, ...]:
    return tuple(_party(item) for item in addresses)


def _importance(headers: HeaderBlock) -> str:
    if headers.raw("importance").lower() == "high" or headers.raw("x-priority").strip()[:1] in ("1", "2"):
        return "high"
    return "low" if headers.raw("importance").lower() == "low" else ""

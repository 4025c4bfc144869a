"""Parse a stored Twilio post about a text: a message somebody wrote, or the status of one of ours."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qs

from app.contract.base import (
    ChannelAccount,
    DeliveryStatus,
    InboundAttachment,
    InboundMessage,
    Parsed,
    Party,
    Reason,
    StatusUpdate,
)
from app.contract.opt_out_words import read_consent
from app.contract.receive import Consent, SignedPost
from app.core.text import known
from app.core.text import mark as N_
from app.providers.twilio.errors import EXPIRED, reason_of
from app.providers.twilio.form import fingerprint, needed, read_fields, whole_number
from app.providers.twilio.numbers import party_of
from app.providers.twilio.signature import is_signed

SID = ("MessageSid", "SmsSid", "SmsMessageSid")
STATUS = ("MessageStatus", "SmsStatus")
MOST_FILES = 10
_KEPT = ("NumSegments", "FromCountry", "FromCity", "FromState", "FromZip", "ToCountry", "AccountSid", "MessagingServiceSid")
_UNKNOWN_STATUS = known("the text has the unknown status %(status)s")
_NO_REASON = Reason("unknown", N_("Twilio gave no reason"), advice=N_("Send the text again, or call."))

LADDER = {
    "queued": DeliveryStatus.ACCEPTED,
    "accepted": DeliveryStatus.ACCEPTED,
    "scheduled": DeliveryStatus.ACCEPTED,
    "sending": DeliveryStatus.SENT,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "partially_delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.FAILED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}


class SmsPosts:
    """The receiver of posts about incoming texts (`UrlSignedReceiver`)."""

    def verify(self, post: SignedPost, *, secrets: Sequence[str], shared_key: str) -> bool:
        return is_signed(post, secrets=secrets, shared_key=shared_key)

    def dedupe_key(self, post: SignedPost) -> str:
        return f"{needed(read_fields(post.body), SID)}:{fingerprint(post.body)}"

    def names(self, body: bytes) -> tuple[str, ...]:
        fields = read_fields(body)
        return tuple(fields[name].strip() for name in ("To", "From", "MessagingServiceSid") if fields.get(name, "").strip())

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        """Parse one message; the post has no time, so the time of its arrival counts."""
        return Parsed(messages=(_message(read_fields(body), received_at),))


class SmsStatusPosts(SmsPosts):
    """The receiver of posts about statuses of our texts (`UrlSignedReceiver`)."""

    def dedupe_key(self, post: SignedPost) -> str:
        fields = read_fields(post.body)
        return f"{needed(fields, SID)}:{needed(fields, STATUS)}:{fingerprint(post.body)}"

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        """Parse one status; our reference stands in the URL of the post."""
        fields = read_fields(body)
        sid, name = needed(fields, SID), needed(fields, STATUS).lower()
        status = LADDER.get(name)
        if status is None:
            return Parsed(problems=(_UNKNOWN_STATUS % {"status": name[:40]},))
        return Parsed(statuses=(_status(fields, sid, status, query, received_at),))


def _message(fields: Mapping[str, str], received_at: datetime) -> InboundMessage:
    text, files = fields.get("Body", ""), _files(fields)
    said = (fields.get("From", ""), fields.get("To", ""), text, *(file.provider_url or "" for file in files))
    return InboundMessage(
        external_id=needed(fields, SID),
        content_hash=hashlib.sha256(repr(said).encode("utf-8", "replace")).hexdigest(),
        occurred_at=received_at,
        sender=party_of(fields.get("From", "")),
        recipients=(party_of(fields.get("To", "")),),
        kind="text" if text or not files else "image" if files[0].content_type.startswith("image/") else "document",
        text=text,
        attachments=files,
        consent=_consent(fields, text),
        meta={name: fields[name][:200] for name in _KEPT if fields.get(name)},
    )


def _consent(fields: Mapping[str, str], text: str) -> Consent | None:
    """Return the consent (stop, start, help) that a text expresses, None if it expresses none.

    If Twilio has recognised it, by the words and languages set there, that counts. Otherwise we read the text.
    """
    told = fields.get("OptOutType", "").strip().lower()
    return Consent(told) if told in tuple(Consent) else read_consent(text)


def _files(fields: Mapping[str, str]) -> tuple[InboundAttachment, ...]:
    announced = whole_number(fields.get("NumMedia", "0"), most=MOST_FILES) or 0
    there = [place for place in range(MOST_FILES) if fields.get(f"MediaUrl{place}", "").strip()]
    return tuple(_file(fields, place) for place in there) if announced or there else ()


def _file(fields: Mapping[str, str], place: int) -> InboundAttachment:
    kind = re.sub(r"[^a-z0-9.+/-]", "", fields.get(f"MediaContentType{place}", "").lower())[:100] or "application/octet-stream"
    url = fields[f"MediaUrl{place}"].strip()
    return InboundAttachment(
        filename=f"mms-{place + 1}{mimetypes.guess_extension(kind) or ''}",
        content_type=kind,
        provider_media_id=f"{needed(fields, SID)}:{place}",
        provider_url=url[:2000],
    )


def _status(fields: Mapping[str, str], sid: str, status: DeliveryStatus, query: str, received_at: datetime) -> StatusUpdate:
    code = whole_number(fields.get("ErrorCode", ""))
    is_late = status is DeliveryStatus.FAILED and code in EXPIRED
    reason = reason_of(code, fields.get("ErrorMessage", "")) if code else _NO_REASON
    to: Party = party_of(fields.get("To", ""))
    return StatusUpdate(
        status=DeliveryStatus.EXPIRED if is_late else status,
        occurred_at=received_at,
        provider_message_id=sid,
        our_reference=parse_qs(query).get("reference", [""])[0][:64] or None,
        recipient=to.address() or None,
        reason=reason if status is DeliveryStatus.FAILED else None,
        raw={name: value[:500] for name, value in list(fields.items())[:60]},
    )

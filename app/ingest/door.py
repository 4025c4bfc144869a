"""The webhook door: limit, read once, verify, store, commit, answer. Nothing else happens before the answer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Request, abort

from app.channels.base import UnableToParse, WebhookReceiver
from app.channels.email.intake import read_inbound_parse
from app.channels.email.sendgrid import channel_ids
from app.channels.receiving import SignedPost, UrlSignedReceiver
from app.channels.registry import SMS_STATUS, VOICE
from app.channels.whatsapp import phone_number_ids
from app.core.text import known
from app.core.text import mark as N_
from app.ingest.accounts import DoorAccount
from app.ingest.intake import RawEvent
from app.ingest.parsing import SENDGRID_EVENTS

_NOT_OURS = known("for %(numbers)s, which is no channel of ours")

CHAT_BODY_BYTES = 3 * 1024 * 1024
REPORTS_BODY_BYTES = 12 * 1024 * 1024
MAIL_BODY_BYTES = 35 * 1024 * 1024
UNNAMED = frozenset({SMS_STATUS, VOICE})  # what happens to something known already need not say on which number


def read_body(request: Request, limit: int) -> bytes:
    """Return the raw body; aborts 413 past `limit` and 415 for a compressed one, before it is read."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        abort(415)
    request.max_content_length = limit
    return request.get_data(cache=True)


def chat_events(
    body: bytes, headers: dict[str, str], receiver: WebhookReceiver, accounts: Sequence[DoorAccount], source: str
) -> list[RawEvent] | None:
    """One raw event per channel the post speaks of; None if no addressed channel's secret signed it.

    Signed by us but not understood, or for a number we do not have: one event, quarantined with the reason.
    """
    signers = [a for a in accounts if receiver.verify(headers=headers, body=body, secrets=a.secrets)]
    if not signers:
        return None
    try:
        key = receiver.dedupe_key(body)
        numbers = phone_number_ids(body)
    except UnableToParse as error:
        return [_quarantined(body, headers, source, str(error))]
    addressed = [a for a in signers if a.address in numbers] or ([signers[0]] if not numbers else [])
    if not addressed:
        return [_quarantined(body, headers, source, _NOT_OURS % {"numbers": ", ".join(numbers)[:200]})]
    return [
        RawEvent(source=source, dedupe_key=f"{a.address}:{key}", body=body, channel_id=a.channel_id, headers=headers)
        for a in addressed
    ]


def report_events(
    body: bytes, headers: dict[str, str], receiver: WebhookReceiver, accounts: Sequence[DoorAccount]
) -> list[RawEvent] | None:
    """One raw event for each channel the reports are about, the whole post in each, as one key may sign for several channels.

    None if no channel's key signed it. Reports that name no channel of ours go with the first that signed.
    """
    signers = [a for a in accounts if a.secrets and receiver.verify(headers=headers, body=body, secrets=a.secrets)]
    if not signers:
        return None
    try:
        key, named = receiver.dedupe_key(body), channel_ids(body)
    except UnableToParse as error:
        return [_quarantined(body, headers, SENDGRID_EVENTS, str(error))]
    addressed = [a for a in signers if str(a.channel_id) in named] or signers[:1]
    return [
        RawEvent(source=SENDGRID_EVENTS, dedupe_key=f"{a.channel_id}:{key}", body=body, channel_id=a.channel_id, headers=headers)
        for a in addressed
    ]


def _quarantined(body: bytes, headers: dict[str, str], source: str, reason: str) -> RawEvent:
    return RawEvent(
        source=source, dedupe_key=f"body:{hashlib.sha256(body).hexdigest()}", body=body, headers=headers, quarantine_reason=reason
    )


def signed_url(request: Request, public_url: str) -> str:
    """The address as the caller was told it: what they sent of it byte for byte, behind our public scheme and host."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?"))
    if not raw.startswith("/"):  # a request may name its whole address
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    return f"{public_url.rstrip('/')}{raw}"


def posted_events(
    post: SignedPost, receiver: UrlSignedReceiver, accounts: Sequence[DoorAccount], source: str
) -> list[RawEvent] | None:
    """The one raw event of a post that is signed over its address; None if no channel's secret signed it.

    It goes to the channel it names. One that names none of them, such as a leg of a call among others, goes to the first whose
    secret signed it, and says so in `meta`.
    """
    signers = [a for a in accounts if receiver.verify(post, secrets=a.secrets, shared_key=a.shared_key)]
    if not signers:
        return None
    headers = dict(post.headers)
    try:
        key, names = receiver.dedupe_key(post), frozenset(receiver.names(post.body))
    except UnableToParse as error:
        return [_quarantined(post.body, headers, source, str(error))]
    channel = next((a for a in signers if a.names & names), None)
    if channel is None and source not in UNNAMED:
        return [_quarantined(post.body, headers, source, _NOT_OURS % {"numbers": ", ".join(sorted(names))[:200]})]
    meta = {"query": urlsplit(post.url).query[:1000], "is_named": channel is not None}
    channel_id = (channel or signers[0]).channel_id
    return [RawEvent(source=source, dedupe_key=key, body=post.body, channel_id=channel_id, headers=headers, meta=meta)]


def mail_event(body: bytes, content_type: str, url_key: str, accounts: Sequence[DoorAccount], source: str) -> RawEvent:
    """The mail in a post of the inbound route.

    That sender never repeats, so everything is kept; what is doubtful is quarantined.
    """
    digest = hashlib.sha256(body).hexdigest()
    keyed = [a for a in accounts if a.url_key and hmac.compare_digest(a.url_key.encode(), url_key.encode())]
    try:
        post = read_inbound_parse(body, content_type)
    except UnableToParse as error:
        return RawEvent(source=source, dedupe_key=digest, body=body, quarantine_reason=str(error))
    meta = {"envelope_to": list(post.envelope.to), **post.told}
    if not keyed:
        return RawEvent(
            source=source,
            dedupe_key=digest,
            body=post.raw,
            meta=meta,
            quarantine_reason=N_("the key in the address is missing or wrong"),
        )
    channel = next((a for a in keyed if _is_for(a, post.envelope.to)), keyed[0])
    return RawEvent(
        source=source,
        dedupe_key=f"{channel.channel_id}:{hashlib.sha256(post.raw).hexdigest()}",
        body=post.raw,
        channel_id=channel.channel_id,
        meta=meta,
    )


def _is_for(account: DoorAccount, envelope_to: Sequence[str]) -> bool:
    own = account.address.lower()
    return any(own == _without_tag(a.lower()) for a in envelope_to)


def _without_tag(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local.split('+', 1)[0]}@{domain}"

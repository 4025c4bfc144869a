"""Check one webhook post before it is stored: size, signature, channel."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import IO, BinaryIO
from urllib.parse import urlsplit

from flask import Request, abort

from app.contract.base import UnableToParse
from app.contract.provider import Door
from app.contract.receive import SignedPost, UrlSignedReceiver
from app.core.text import known
from app.core.text import mark as N_
from app.domain.ingest.intake import RawEvent
from app.domain.ingest.parsing import ONLY_BEGINNING, UNKEYED
from app.domain.ingest.webhook_channels import DoorAccount
from app.mail.intake import read_inbound_parse

WRONG_KEY = N_("the key in the URL is missing or wrong")
_WRONG_KEY_CUT = known("the key in the URL is missing or wrong; we saved only the first %(kept)s of %(size)s kB of the request")
_NOT_OURS = known("sent to %(numbers)s, which is not one of our channels")

HINT_BODY_BYTES = 3 * 1024 * 1024
MAIL_BODY_BYTES = 35 * 1024 * 1024
UNKEYED_BYTES = 64 * 1024  # so much of a post without a right key is kept
UNKEYED_A_DAY = 500  # so many of them; of the rest the number


def read_body(request: Request, limit: int) -> bytes:
    """Return the raw body. Before reading, abort with 413 if it is longer than `limit` bytes, or with 415 if it is compressed."""
    _limit(request, limit)
    return request.get_data(cache=True)


def open_body(request: Request, limit: int) -> IO[bytes]:
    """Return a stream of the raw body. Reading more than `limit` bytes aborts with 413. A compressed body aborts with 415."""
    _limit(request, limit)
    return request.stream


def _limit(request: Request, limit: int) -> None:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        abort(415)
    request.max_content_length = limit


def _quarantined(body: bytes, headers: dict[str, str], source: str, reason: str) -> RawEvent:
    return RawEvent(
        source=source, dedupe_key=f"body:{hashlib.sha256(body).hexdigest()}", body=body, headers=headers, quarantine_reason=reason
    )


def signed_url(request: Request, public_url: str) -> str:
    """Return the URL as the caller signed it: our public scheme and host, then path and query byte for byte as sent."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?"))
    if not raw.startswith("/"):  # a request may name its whole address
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    return f"{public_url.rstrip('/')}{raw}"


def events_of(
    post: SignedPost, door: Door, receiver: UrlSignedReceiver, accounts: Sequence[DoorAccount]
) -> list[RawEvent] | None:
    """Return the raw events of a post, each with the whole post. Return None if the post was not signed with the secret of any
    channel.

    If `door.is_shared`, there is one event for each channel that the post is about, otherwise one event. A signed post that
    cannot be parsed, or is for an unknown number, becomes one quarantined event. If a post names no channel, such as a leg
    of a call, its event goes to the first channel whose secret fits, and `meta` says so.
    """
    signers = [a for a in accounts if receiver.verify(post, secrets=a.secrets, shared_key=a.shared_key)]
    if not signers:
        return None
    headers = dict(post.headers)
    try:
        key, names = receiver.dedupe_key(post), frozenset(door.names(post.body))
    except UnableToParse as error:
        return [_quarantined(post.body, headers, door.source, str(error))]
    named = [a for a in signers if names & {*a.names, str(a.channel_id)}]
    if not named and not (door.may_name_others if names else door.may_be_unnamed):
        return [_quarantined(post.body, headers, door.source, _NOT_OURS % {"numbers": ", ".join(sorted(names))[:200]})]
    meta = {"query": urlsplit(post.url).query[:1000], "is_named": bool(named)}
    return [
        RawEvent(door.source, f"{a.address}:{key}" if door.is_shared else key, post.body, a.channel_id, headers, meta)
        for a in (named if door.is_shared and named else (named or signers)[:1])
    ]


def keyed_accounts(accounts: Iterable[DoorAccount], url_key: str) -> list[DoorAccount]:
    """Return the accounts that have this URL key."""
    return [a for a in accounts if a.url_key and hmac.compare_digest(a.url_key.encode(), url_key.encode())]


def mail_event(body: BinaryIO, content_type: str, keyed: Sequence[DoorAccount], source: str) -> RawEvent:
    """Return the raw event for a mail posted to the inbound route. `keyed` are the accounts with the key of the post, at least
    one.

    The provider never repeats a post, so everything is stored. A post that cannot be read is quarantined.
    """
    try:
        post = read_inbound_parse(body, content_type)
    except UnableToParse as error:
        body.seek(0)
        raw = body.read()
        return RawEvent(source=source, dedupe_key=hashlib.sha256(raw).hexdigest(), body=raw, quarantine_reason=str(error))
    channel = next((a for a in keyed if _is_for(a, post.envelope.to)), keyed[0])
    return RawEvent(
        source=source,
        dedupe_key=f"{channel.channel_id}:{hashlib.sha256(post.raw).hexdigest()}",
        body=post.raw,
        channel_id=channel.channel_id,
        meta={"envelope_to": list(post.envelope.to), **post.told},
    )


def unkeyed_event(beginning: bytes, size: int, content_type: str, source: str) -> RawEvent:
    """Return the raw event for a post to the inbound route without a valid key. It may be a mail for us, or spam.

    `size` is the size of the whole post in bytes. If `beginning` is the whole post, it can be processed again once the key
    is corrected.
    """
    kept, is_cut = len(beginning), size > len(beginning)
    meta: dict[str, object] = {UNKEYED: True, "size_bytes": size, **({ONLY_BEGINNING: True} if is_cut else {})}
    body = beginning
    if not is_cut:
        with suppress(UnableToParse):
            post = read_inbound_parse(beginning, content_type)
            body = post.raw
            meta |= {"envelope_to": list(post.envelope.to), **post.told}
    digest = hashlib.sha256(beginning).hexdigest()
    reason = _WRONG_KEY_CUT % {"size": size // 1024, "kept": kept // 1024} if is_cut else WRONG_KEY
    return RawEvent(source=source, dedupe_key=f"unkeyed:{size}:{digest}", body=body, meta=meta, quarantine_reason=reason)


def _is_for(account: DoorAccount, envelope_to: Sequence[str]) -> bool:
    own = account.address.lower()
    return any(own == _without_tag(a.lower()) for a in envelope_to)


def _without_tag(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local.split('+', 1)[0]}@{domain}"

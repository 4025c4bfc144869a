"""Fetch mails by id: their MIME and their fields in Graph. A mail that cannot be fetched now is postponed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser

from app.contract.base import ChannelAccount, Json, PolledItem, ProviderError
from app.providers.graph.client import GraphClient, item_path
from app.providers.graph.drafts import DELIVERY_HEADER, DELIVERY_PROPERTY, reference_in
from app.providers.graph.pollstate import Pending, read_time

ITEM_FIELDS = (
    "id", "internetMessageId", "conversationId", "isRead", "isDraft", "receivedDateTime", "lastModifiedDateTime",
    "parentFolderId", "changeKey",
)  # fmt: skip
_SURE_FIELDS = ("isDraft", "receivedDateTime")  # a delta entry without them tells of a change to a mail, not of the mail
_MAIL_BYTES = 256 * 1024 * 1024  # above what Exchange carries
_BYTES_PER_PAGE = 64 * 1024 * 1024
_SECONDS_PER_PAGE = 30  # whoever polls holds the mailbox for a minute
_FIRST_WAIT_SECONDS = 5
_LONGEST_WAIT_SECONDS = 3600
_GONE_AFTER = timedelta(minutes=10)
_GONE_AFTER_TRIES = 5


@dataclass(frozen=True)
class Wanted:
    """A mail to fetch. `entry` contains the fields of the mail that are known already, {} if none."""

    pending: Pending
    entry: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """The result of fetching mails. Each requested mail is in exactly one of `items`, `postponed`, `gone` and `unwanted`.

    `stopped`: the provider refused to go on.
    """

    items: tuple[PolledItem, ...] = ()
    postponed: tuple[Pending, ...] = ()
    gone: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()  # drafts, and mail from before the channel's start
    stopped: bool = False


def is_too_old(entry: Json, account: ChannelAccount, floor: datetime | None) -> bool:
    """Return True if the mail is older than the channel's `sync_from`, or older than `floor`.

    `floor` is set in a round that repeats a lost one (pollstate.py). A mail moved into the folder lately counts as new for
    it, because moving changes lastModifiedDateTime.
    """
    received_at, modified_at = read_time(entry.get("receivedDateTime")), read_time(entry.get("lastModifiedDateTime"))
    start = read_time(account.settings.get("sync_from"))
    before_start = bool(start and received_at and received_at < start)
    return before_start or bool(floor and received_at and modified_at and max(received_at, modified_at) < floor)


def fetch_all(client: GraphClient, account: ChannelAccount, wanted: Sequence[Wanted], *, now: datetime) -> Fetched:
    """Fetch the mails in order, until the page is full or the provider refuses to go on. The other mails are postponed."""
    done = Fetched()
    size = 0
    ends_at = time.monotonic() + _SECONDS_PER_PAGE
    for one in wanted:
        if done.stopped or size >= _BYTES_PER_PAGE or time.monotonic() > ends_at:
            done = replace(done, postponed=(*done.postponed, replace(one.pending, due_at=max(now, one.pending.due_at))))
            continue
        done = _with_one(done, client, account, one, now)
        size += len(done.items[-1].raw) if done.items and done.items[-1].key == one.pending.message_id else 0
    return done


def _with_one(done: Fetched, client: GraphClient, account: ChannelAccount, one: Wanted, now: datetime) -> Fetched:
    try:
        item = _fetch(client, account, one)
    except ProviderError as error:
        return _after_failure(done, one.pending, error, now)
    if item is None:
        return replace(done, unwanted=(*done.unwanted, one.pending.message_id))
    return replace(done, items=(*done.items, item))


def _after_failure(done: Fetched, pending: Pending, error: ProviderError, now: datetime) -> Fetched:
    """Postpone a mail that could not be fetched. Give it up only if the provider has answered 404 to several tries over ten
    minutes.

    A single 404 may be out of date.
    """
    tries = pending.tries + 1
    if error.status_code == 404 and tries >= _GONE_AFTER_TRIES and now - pending.first_seen_at >= _GONE_AFTER:
        return replace(done, gone=(*done.gone, pending.message_id))
    wait = min(_FIRST_WAIT_SECONDS * 2 ** (tries - 1), _LONGEST_WAIT_SECONDS)
    due_at = now + timedelta(seconds=error.retry_after_seconds or wait)
    stop = error.channel_down or error.retry_after_seconds is not None or error.status_code is None
    return replace(done, postponed=(*done.postponed, replace(pending, tries=tries, due_at=due_at)), stopped=stop)


def _fetch(client: GraphClient, account: ChannelAccount, one: Wanted) -> PolledItem | None:
    message_id, entry = one.pending.message_id, one.entry
    if any(name not in entry for name in _SURE_FIELDS):
        entry = client.call_json(account, "GET", item_path(message_id), params={"$select": ",".join(ITEM_FIELDS)}) | {
            "id": message_id
        }
    if entry.get("isDraft") or is_too_old(entry, account, one.pending.floor):
        return None
    answer = client.call(account, "GET", item_path(message_id, "/$value"), max_bytes=_MAIL_BYTES, deadline=120)
    reference = _reference_of(client, account, answer.body, one.pending)
    return PolledItem(key=message_id, raw=answer.body, meta=_meta(entry, one.pending.folder, reference))


def _reference_of(client: GraphClient, account: ChannelAccount, raw: bytes, pending: Pending) -> str | None:
    """Return our delivery id in a mail that we sent. Return None for any other mail.

    The copies in Sent Items do not always show their headers, so the extended property is requested as well.
    """
    head = BytesHeaderParser().parsebytes(raw.partition(b"\r\n\r\n")[0])
    in_header = head.get(DELIVERY_HEADER)
    if in_header or pending.folder != "sentitems":
        return str(in_header).strip() if in_header else None
    expand = f"singleValueExtendedProperties($filter=id eq '{DELIVERY_PROPERTY}')"
    try:
        return reference_in(
            client.call_json(account, "GET", item_path(pending.message_id), params={"$select": "id", "$expand": expand})
        )
    except ProviderError as error:
        if error.status_code in (400, 404):
            return None
        raise


def _meta(entry: Json, folder: str, reference: str | None) -> Json:
    meta = {
        "graph_id": entry["id"],
        "conversation_id": entry.get("conversationId"),
        "internet_message_id": (entry.get("internetMessageId") or "").strip().strip("<>") or None,
        "folder": folder,
        "change_key": entry.get("changeKey"),
        "is_read": entry.get("isRead"),
        "parent": entry.get("parentFolderId"),
        "received_at": entry.get("receivedDateTime"),
        "our_reference": reference,
    }
    return {name: value for name, value in meta.items() if value is not None}

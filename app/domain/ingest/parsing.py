"""Parse a stored inbound event into items by the adapter of its channel, without database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.contract.base import Parsed, UnableToParse
from app.core.cpu_budget import OverBudget, cpu_budget
from app.core.runtime import runtime
from app.core.text import known
from app.core.text import mark as N_
from app.domain.connections.account import account_of
from app.domain.connections.models import CHOSEN_SINCE, Channel, Medium
from app.domain.ingest.models import InboundEvent
from app.mail.mime import parse_mail
from app.providers.registry import SOURCES

UNKEYED, ONLY_BEGINNING = "unkeyed", "only_beginning"  # in `meta`: of a post without a right key, and not all of it
_BEGINNING = N_(
    "the key in the URL was missing or wrong, so we stored only the start of this email: ask the sender to send it again"
)
_MEGABYTE = 1024 * 1024
_CUT = known("the email is %(size)s MB: we read only the first %(limit)s MB; the full email is in the mailbox")
STILL_WAITED_FOR = timedelta(days=14)
BUDGET_SECONDS = 20.0  # of processor time; the costliest mail known takes a fifth of it
_COSTLY = known("reading this event took more than %(seconds)s seconds of CPU time, so we stopped")
_NO_READER = known("unsupported event type: %(type)s")


def parse_event(
    event: InboundEvent, channel: Channel, *, own_addresses: frozenset[str], budget_seconds: float = BUDGET_SECONDS
) -> Parsed:
    """Parse an event and return its items. Raises `UnableToParse` if the event is malformed or needs more than `budget_seconds`
    of processor time."""
    with reading_budget(budget_seconds):
        return _parse(event, channel, own_addresses)


@contextmanager
def reading_budget(seconds: float = BUDGET_SECONDS) -> Iterator[None]:
    """Context manager: raise `UnableToParse` if the block needs more than `seconds` of processor time. The block must not use
    the database."""
    try:
        with cpu_budget(seconds):
            yield
    except OverBudget as error:
        raise UnableToParse(_COSTLY % {"seconds": f"{seconds:g}"}) from error


def _parse(event: InboundEvent, channel: Channel, own_addresses: frozenset[str]) -> Parsed:
    if channel.medium == Medium.EMAIL and event.source not in SOURCES:
        return _parse_mail_event(event, channel, own_addresses)
    receivers = runtime().adapters.receivers
    receiver = receivers.get(event.source) or receivers.get(channel.channel_type.value)
    if receiver is None:
        raise UnableToParse(_NO_READER % {"type": channel.channel_type.value})
    query = str(event.meta.get("query", ""))
    return receiver.parse(event.body, query=query, account=account_of(channel), received_at=event.received_at)


def _parse_mail_event(event: InboundEvent, channel: Channel, own_addresses: frozenset[str]) -> Parsed:
    if event.meta.get(ONLY_BEGINNING):
        raise UnableToParse(_BEGINNING)
    message = parse_mail(event.body, own_addresses=own_addresses, received_at=event.received_at)
    conversation_id, reference = event.meta.get("conversation_id"), event.meta.get("our_reference")
    envelope = tuple(str(a).lower() for a in event.meta.get("envelope_to", ()))
    if message.evidence is not None:
        tokens = tuple(a.split("@", 1)[0].split("+", 1)[1] for a in envelope if "+" in a.split("@", 1)[0])
        evidence = replace(
            message.evidence, conversation_id=conversation_id, plus_tokens=(*tokens, *message.evidence.plus_tokens)
        )
        message = replace(message, evidence=evidence)
    meta: dict[str, Any] = {k: event.meta[k] for k in ("graph_id", "folder") if k in event.meta}
    since = channel.settings.get(CHOSEN_SINCE, {}).get(event.meta.get("folder"))
    followed_at = datetime.fromisoformat(since) if since else channel.created_at
    is_past = lay_there_before(event.meta, followed_at=followed_at)
    known_as = replace(message, our_reference=reference or message.our_reference, meta={**message.meta, **meta}, is_past=is_past)
    cut = event.meta.get("cut_at_bytes")
    problems = (_CUT % {"size": int(event.meta.get("size_bytes", cut)) // _MEGABYTE, "limit": cut // _MEGABYTE},) if cut else ()
    return Parsed(messages=(known_as,), problems=problems)


def lay_there_before(meta: Mapping[str, Any], *, followed_at: datetime) -> bool:
    """Return True if a mail is history: it came before we began to follow its folder, and it was read already or is older than
    STILL_WAITED_FOR.

    `meta`: the data that a poll stored about the mail. Mail that was posted to us has no such data; the result is then
    False.
    """
    try:
        received_at = datetime.fromisoformat(str(meta["received_at"]))
    except (KeyError, ValueError):
        return False
    if received_at.tzinfo is None or received_at >= followed_at:
        return False
    return bool(meta.get("is_read")) or received_at < followed_at - STILL_WAITED_FOR

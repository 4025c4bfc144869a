"""Keep our subscriptions at providers that notify us of new mail (Graph), and poll a mailbox when we are notified.

A notification is only a hint. It is accepted if it repeats the client state that we gave the provider. Then a poll of the
mailbox is enqueued. Nothing of the notification is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import redis
import sqlalchemy as sa
from rq import Queue
from sqlalchemy.orm import Session

from app.contract.base import ProviderError
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.domain.connections.account import account_of
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import Resting, reading
from app.domain.connections.queries import list_channels
from app.domain.events.jobs import NotYet
from app.domain.events.models import Event
from app.domain.ingest.polling import poll_soon
from app.providers.registry import HINT_DOORS

log = get_logger(__name__)
QUEUE = "live"
JOB = "app.domain.ingest.notifications.poll_told_channel"
RENEW_JOB = "app.domain.ingest.notifications.renew_told_channel"


def client_state(channel_id: uuid.UUID) -> str:
    """Return the secret that a provider must repeat in notifications about this channel. It is derived from a signing key."""
    return hmac.new(runtime().mail_keys[0], b"notification " + channel_id.bytes, hashlib.sha256).hexdigest()


def told_channels(session: Session, body: bytes) -> list[uuid.UUID] | None:
    """Return the ids of the channels that a post of notifications names. Return None if the post is unreadable. Items with a
    wrong client state are left out."""
    try:
        items = json.loads(body)["value"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(items, list):
        return None
    return _matching(list_channels(session, active_only=True), items)


def _matching(channels: Sequence[Channel], items: Iterable[Any]) -> list[uuid.UUID]:
    said = {str(item.get("clientState", "")).encode("utf-8", "replace") for item in items if isinstance(item, dict)}
    notified = [c for c in channels if c.adapter_key in runtime().adapters.notified]
    return [c.id for c in notified if any(hmac.compare_digest(client_state(c.id).encode(), s) for s in said)]


def enqueue_renewals(channel_ids: Sequence[uuid.UUID]) -> None:
    """Enqueue the renewal of these mailboxes' subscriptions. Errors of Redis are ignored, because the periodic job renews
    subscriptions as well."""
    _enqueue(RENEW_JOB, channel_ids)


def enqueue_polls(channel_ids: Sequence[uuid.UUID]) -> None:
    """Enqueue polls of these mailboxes. Errors of Redis are ignored, because the periodic job polls mailboxes as well."""
    _enqueue(JOB, channel_ids)


def _enqueue(job: str, channel_ids: Sequence[uuid.UUID]) -> None:
    queue = Queue(QUEUE, connection=runtime().hasty_redis, serializer="json")
    for channel_id in channel_ids:
        try:
            queue.enqueue(job, kwargs={"channel_id": str(channel_id)}, job_timeout=300, result_ttl=0, failure_ttl=600, ttl=300)
        except redis.RedisError as error:
            log.warning("hint_not_enqueued", job=job, channel_id=str(channel_id), error=type(error).__name__)
            return  # whoever told us waits for the answer


def poll_told_channel(*, channel_id: str, **_ignored: Any) -> None:
    """RQ entry point: poll a mailbox for which the provider sent a notification."""
    poll_soon(uuid.UUID(channel_id))


def renew_told_channel(*, channel_id: str, **_ignored: Any) -> None:
    """RQ entry point: renew the subscription of a channel, because it will end soon or has ended."""
    with transaction() as session:
        channel = session.get_one(Channel, uuid.UUID(channel_id))
        session.expunge_all()
    if channel.is_active:
        with suppress(NotYet):  # the clock renews it once the channel has rested
            _subscribe(channel, renew=True)


def subscribe_channel(event: Event) -> None:
    """After-commit handler of `ChannelConnected`: subscribe to notifications of the channel. Raises ProviderError."""
    with transaction() as session:
        channel = session.get_one(Channel, uuid.UUID(event.payload["channel_id"]))
        session.expunge_all()
    if channel.is_active and channel.adapter_key in runtime().adapters.notified:
        _subscribe(channel)


def keep_subscriptions(**_ignored: Any) -> None:
    """RQ entry point, periodic: create or renew the subscription of every active channel whose provider notifies us."""
    with transaction() as session:
        channels = [c for c in list_channels(session, active_only=True) if c.adapter_key in runtime().adapters.notified]
        session.expunge_all()
    for channel in channels:
        try:
            _subscribe(channel)
        except NotYet:
            continue
        except ProviderError as error:
            log.warning("subscription_failed", channel_id=str(channel.id), code=error.reason.code)


def _path_of(channel: Channel) -> str:
    return next(door.path for door in HINT_DOORS if door.channel_type == channel.channel_type.value and not door.renews)


def _subscribe(channel: Channel, *, renew: bool = False) -> None:
    adapter = runtime().adapters.notified[channel.adapter_key]
    try:
        with reading(channel):
            current = adapter.keep_subscribed(
                account=account_of(channel),
                notification_url=f"{runtime().settings.public_url}{_path_of(channel)}",
                client_state=client_state(channel.id),
                current=dict(channel.subscription),
                renew=renew,
            )
    except Resting as rest:
        raise NotYet(rest.seconds) from rest
    if current != channel.subscription:
        with transaction() as session:
            session.execute(sa.update(Channel).where(Channel.id == channel.id).values(subscription=current))

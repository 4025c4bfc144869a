"""Job that polls mailboxes for new mail, page by page. The items of a page and the new cursor are stored in one transaction.

Runs at least once: after a crash before the commit, the same page is requested again, and stored items are recognised by
their key. A lease on the channel's row allows one poller per mailbox. The provider is called outside any transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import PolledItem, Poller, PollPage, ProviderError
from app.core.clock import utc_now
from app.core.crash import crash_point
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.domain.connections.account import account_of
from app.domain.connections.actions import note_health
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import Resting, reading
from app.domain.connections.queries import list_channels
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.mailbox_items import hold_items, note_removed, tell_changed

log = get_logger(__name__)
MAX_PAGES = 40
SOURCE = "mailbox"


@dataclass(frozen=True)
class Polled:
    """The result of a poll: how many new events were stored, and how many pages were read."""

    stored: int
    pages: int


def poll_mailboxes(**_ignored: Any) -> None:
    """RQ entry point, periodic: poll every active channel whose adapter polls."""
    with transaction() as session:
        channels = [c for c in list_channels(session, active_only=True) if c.adapter_key in runtime().adapters.pollers]
        session.expunge_all()
    for channel in channels:
        poll_channel(channel.id)


def poll_channel(channel_id: uuid.UUID) -> Polled:
    """Poll one mailbox until there is nothing new, at most MAX_PAGES pages. Do nothing while another poll of the mailbox runs."""
    stored = pages = 0
    while pages < MAX_PAGES:
        channel = _lease(channel_id)
        if channel is None:
            break
        try:
            with reading(channel):
                page = _poller(channel).poll(account=account_of(channel), state=dict(channel.poll_state))
        except Resting:
            _leave_alone(channel_id)
            break
        except ProviderError as error:
            _note_failure(channel_id, error)
            break
        crash_point("poll.before_commit")
        new, told_again = _store(channel, page)
        stored += new
        pages += 1
        if not page.more and not told_again:
            break
    if stored:
        runtime().nudger.nudge()
    return Polled(stored, pages)


def poll_soon(channel_id: uuid.UUID) -> Polled:
    """Poll one mailbox now. If another poll of the mailbox is running, that poll fetches once more before it ends."""
    with transaction() as session:
        session.execute(sa.update(Channel).where(Channel.id == channel_id).values(poll_wanted=True))
    return poll_channel(channel_id)


def _poller(channel: Channel) -> Poller:
    return runtime().adapters.pollers[channel.adapter_key]


def _lease(channel_id: uuid.UUID) -> Channel | None:
    now = sa.func.clock_timestamp()
    free = sa.and_(*(sa.or_(until.is_(None), until < now) for until in (Channel.poll_lease_until, Channel.poll_rests_until)))
    with transaction() as session:
        lease = sa.update(Channel).where(Channel.id == channel_id, free)
        lease = lease.values(poll_wanted=False, poll_lease_until=_in(runtime().settings.lease_seconds))
        taken = session.execute(lease.returning(Channel.id)).scalar_one_or_none()
        channel = session.get(Channel, taken, populate_existing=True) if taken else None
        session.expunge_all()
    return channel


def _store(channel: Channel, page: PollPage) -> tuple[int, bool]:
    """Store a page and release the lease. Return the number of new items, and True if another poll was requested meanwhile."""
    now = utc_now()
    with transaction() as session:
        values = {"poll_state": page.state, "polled_at": sa.func.clock_timestamp(), "poll_lease_until": None}
        session.execute(sa.update(Channel).where(Channel.id == channel.id).values(**values))
        current = session.get_one(Channel, channel.id, populate_existing=True)
        if current.health != "ok":
            note_health(session, current, health="ok", detail="", now=now)
        told_again = current.poll_wanted
        # After the channel's row, which whoever reads a mail locks before the item's as well.
        items = store_items(session, channel, page.items)
        changed = [*hold_items(session, channel.id, items, now=now), *note_removed(session, channel.id, page.removed, now=now)]
        tell_changed(session, channel.id, channel.brand_id, changed, now=now)
    crash_point("poll.after_commit")
    return sum(event_id is not None for _, event_id in items), told_again


def store_items(session: Session, channel: Channel, items: Sequence[PolledItem]) -> list[tuple[PolledItem, uuid.UUID | None]]:
    """Store mails of a mailbox as inbound events. Return each mail with the id of its event, or with None if it was stored
    before."""
    stored = []
    for item in items:
        key = f"{channel.id}:{item.key}"
        raw = RawEvent(source=SOURCE, dedupe_key=key, body=item.raw, channel_id=channel.id, meta=item.meta)
        stored.append((item, store_event(session, raw)))
    return stored


def _note_failure(channel_id: uuid.UUID, error: ProviderError) -> None:
    log.warning("poll_failed", channel_id=str(channel_id), code=error.reason.code)
    with transaction() as session:
        channel = session.get_one(Channel, channel_id, populate_existing=True)
        note_health(
            session, channel, health="down" if error.channel_down else "degraded", detail=error.reason.title, now=utc_now()
        )
        channel.poll_lease_until = None
        channel.poll_rests_until = _in(error.retry_after_seconds) if error.retry_after_seconds else None


def _leave_alone(channel_id: uuid.UUID) -> None:
    """Release the lease of a poll because the channel rests. The cursor does not change. The next round checks again whether
    the channel still rests."""
    with transaction() as session:
        session.execute(sa.update(Channel).where(Channel.id == channel_id).values(poll_lease_until=None))


def _in(seconds: float) -> sa.ColumnElement[Any]:
    return sa.func.clock_timestamp() + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)

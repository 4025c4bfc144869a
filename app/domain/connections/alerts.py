"""Alert administrators that a channel is down, works only in part, or has a credential that expires. Each occasion is alerted
once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.text import known
from app.domain.connections.models import Channel, ChannelCredential, ChannelOccasion
from app.domain.events.actions import Subject, record

TELL_DAYS = (30, 7, 1)  # so many days before a credential expires administrators are told
EXPIRES = known("%(channel)s: a credential expires on %(date)s. Enter a new one before then.")
PASSES = timedelta(hours=1)  # what works in part mends itself in less, most times
IN_PART = known("%(channel)s has been only partly working for an hour: %(why)s")
DOWN = known("%(channel)s is not working: %(why)s")
MENDED = known("%(channel)s is working again.")


def take_occasion(session: Session, channel_id: uuid.UUID, occasion: str, *, now: datetime) -> bool:
    """Store that this occasion of a channel is taken. Return True for the first caller and False for all later ones."""
    row = {"channel_id": channel_id, "occasion": occasion, "occurred_at": now}
    insert = postgresql.insert(ChannelOccasion).values(row).on_conflict_do_nothing()
    return session.execute(insert.returning(ChannelOccasion.channel_id)).first() is not None


def alert(session: Session, channel: Channel, occasion: str, text: str, *, now: datetime) -> bool:
    """Alert administrators about a channel, once for each occasion. `text` is English. Returns False if it was done before."""
    if not take_occasion(session, channel.id, occasion, now=now):
        return False
    _announce(session, channel, text, now)
    return True


def alert_of_troubles(session: Session, *, now: datetime) -> int:
    """Alert administrators of every active channel that is down or has worked only in part for an hour, and again when it
    works.

    A channel that was alerted as working in part is alerted again when it is down. Returns the number of alerts.
    """
    untold = Channel.trouble_since.is_(None)
    down = sa.and_(Channel.health == "down", sa.or_(untold, Channel.degraded_since.is_not(None)))
    in_part = sa.and_(Channel.health == "degraded", untold, Channel.degraded_since <= now - PASSES)
    mended = sa.and_(Channel.health == "ok", Channel.trouble_since.is_not(None))
    query = sa.select(Channel).where(Channel.is_active, sa.or_(down, in_part, mended)).order_by(Channel.id).with_for_update()
    channels = session.execute(query.execution_options(populate_existing=True)).scalars().all()
    for channel in channels:
        _tell(session, channel, now)
    return len(channels)


def _tell(session: Session, channel: Channel, now: datetime) -> None:
    text = {"down": DOWN, "degraded": IN_PART}.get(channel.health, MENDED)
    channel.trouble_since = None if text is MENDED else channel.trouble_since or now
    if channel.health == "down":
        channel.degraded_since = None
    _announce(session, channel, text % {"channel": channel.name, "why": channel.health_detail}, now)


def _announce(session: Session, channel: Channel, text: str, now: datetime) -> None:
    payload = {"channel_id": str(channel.id), "text": text}
    record(session, "ChannelAlerted", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)


def alert_of_expiries(session: Session, *, now: datetime) -> int:
    """Alert administrators of each credential that expires soon: once at 30 days before, once at 7 days, once at 1 day. Returns
    the number of alerts."""
    last = now.date().toordinal() + TELL_DAYS[0]
    query = sa.select(Channel, ChannelCredential).join(ChannelCredential, ChannelCredential.channel_id == Channel.id)
    query = query.where(Channel.is_active, ChannelCredential.expires_date <= date.fromordinal(last)).order_by(Channel.id)
    told = 0
    for channel, credential in session.execute(query).all():
        left = days_left(credential.expires_date, now=now)
        step = min(days for days in TELL_DAYS if left <= days)
        text = EXPIRES % {"channel": channel.name, "date": credential.expires_date.isoformat()}
        told += alert(session, channel, f"{credential.name} {credential.expires_date} {step}", text, now=now)
    return told


def days_left(expires: date, *, now: datetime) -> int:
    """Return the number of days until the credential expires, negative afterwards."""
    return (expires - now.date()).days


def set_expiries(session: Session, channel_id: uuid.UUID, dates: Mapping[str, date | None]) -> None:
    """Store the day on which each of these credentials expires, by name of the credential. None: it never expires, or the day
    is unknown."""
    former = sa.delete(ChannelCredential).where(ChannelCredential.channel_id == channel_id)
    session.execute(former.where(ChannelCredential.name.in_(dates)))
    session.add_all(ChannelCredential(channel_id=channel_id, name=name, expires_date=day) for name, day in dates.items() if day)
    session.flush()


def list_expiries(session: Session, channel_ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, date]]:
    """Return the days on which credentials expire, as {channel id: {name of the credential: day}}."""
    query = sa.select(ChannelCredential).where(ChannelCredential.channel_id.in_(channel_ids))
    found: dict[uuid.UUID, dict[str, date]] = {channel_id: {} for channel_id in channel_ids}
    for row in session.execute(query).scalars():
        found[row.channel_id][row.name] = row.expires_date
    return found

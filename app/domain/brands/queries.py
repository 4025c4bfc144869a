"""Read brands with their channels and with the settings that other features store: business calendar and order prefix."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel
from app.domain.orders.numbers import list_prefixes
from app.domain.sla.queries import CalendarRow, list_calendars
from app.domain.sla.rules import DEFAULT_CALENDAR, StoredCalendar
from app.domain.threads.models import Thread


class BrandMissing(Exception):
    """There is no such brand, or the viewer may not see it."""


@dataclass(frozen=True)
class BrandContent:
    """The settings of a brand. `order_prefix` "": a prefix is chosen to fit the name. `languages`: the languages of its
    customers; the first applies if a customer's language is unknown.

    `timezone` and `country` belong to its business calendar. `country` decides the holidays (ISO 3166, or "").
    """

    name: str
    order_prefix: str = ""
    hue: int = 0
    languages: tuple[str, ...] = ("nl",)
    timezone: str = "Europe/Amsterdam"
    country: str = "NL"
    email_signature: str = ""


@dataclass(frozen=True)
class BrandRow:
    """A brand with its content, its channels in use and the number of its open threads."""

    brand: Brand
    content: BrandContent
    channels: tuple[Channel, ...]
    open_threads: int


def list_brand_rows(session: Session, brand_ids: Collection[uuid.UUID]) -> list[BrandRow]:
    """List these brands by name, archived ones last. Five queries however many brands."""
    query = sa.select(Brand).where(Brand.id.in_(brand_ids))
    brands = session.execute(query.order_by(Brand.archived_at.is_not(None), Brand.name, Brand.id)).scalars().all()
    channels: dict[uuid.UUID, list[Channel]] = defaultdict(list)
    active = sa.select(Channel).where(Channel.is_active, Channel.brand_id.in_(brand_ids))
    for channel in session.execute(active.order_by(Channel.name)).scalars():
        channels[channel.brand_id].append(channel)
    waiting = sa.select(Thread.brand_id, sa.func.count().label("threads")).where(Thread.is_open, Thread.brand_id.in_(brand_ids))
    counts = {row.brand_id: row.threads for row in session.execute(waiting.group_by(Thread.brand_id))}
    prefixes, calendars = list_prefixes(session), list_calendars(session)
    return [
        BrandRow(b, content_of(b, prefixes.get(b.id, ""), calendars), tuple(channels[b.id]), counts.get(b.id, 0)) for b in brands
    ]


def get_brand_row(session: Session, brand_id: uuid.UUID, *, brand_ids: Collection[uuid.UUID]) -> BrandRow:
    """Return the brand if it is among `brand_ids`, the brands that the viewer may see. Raises `BrandMissing` otherwise."""
    found = list_brand_rows(session, [brand_id]) if brand_id in brand_ids else []
    if not found:
        raise BrandMissing(str(brand_id))
    return found[0]


def content_of(brand: Brand, prefix: str, calendars: Collection[CalendarRow]) -> BrandContent:
    """Return the present content of the brand."""
    rules = rules_of(brand.id, calendars)
    return BrandContent(brand.name, prefix, brand.hue, tuple(brand.languages), rules.zone, rules.country, brand.email_signature)


def rules_of(brand_id: uuid.UUID | None, calendars: Collection[CalendarRow]) -> StoredCalendar:
    """Return the rules of the business calendar that applies to the brand: its own calendar, else the calendar for all, else
    the default."""
    own = find_own(brand_id, calendars) or find_own(None, calendars)
    return own.rules if own else DEFAULT_CALENDAR


def find_own(brand_id: uuid.UUID | None, calendars: Collection[CalendarRow]) -> CalendarRow | None:
    """Return the brand's own business calendar, or None if it has none. With `brand_id` None, return the calendar for all
    brands."""
    scopes = ((row, row.calendar) for row in calendars if not row.calendar.is_by_name_only)
    return next((row for row, c in scopes if c.brand_id == brand_id and c.team_id is None and c.channel_id is None), None)

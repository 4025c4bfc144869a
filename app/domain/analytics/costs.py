"""Write and read what each channel costs, and calculate the cost per message and call."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.money import round_places
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.kinds import Kind
from app.domain.analytics.measures import SAID
from app.domain.analytics.reading import CHANNEL, Wanted
from app.domain.analytics.saved_models import ChannelCost
from app.domain.analytics.slices import Slice
from app.domain.connections.models import Channel
from app.domain.events.actions import Actor, audit
from app.domain.orders.settings import settings_of

PARTS = ("per_month", "per_message", "per_call", "minutes", "per_hour")
_MONTHS_A_DAY = Decimal(12) / Decimal(365)


@dataclass(frozen=True)
class Spent:
    """The cost of one channel in one currency, with its number of interactions (messages and calls).

    `first` and `last` are the first and last day with a set cost. Only days with a set cost count.
    """

    channel_id: uuid.UUID
    channel_name: str
    medium: str
    currency: str
    first: date
    last: date
    interactions: int = 0
    fixed: Decimal = Decimal(0)
    provider: Decimal = Decimal(0)
    work: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.fixed + self.provider + self.work

    @property
    def each(self) -> Decimal | None:
        """Return the cost per interaction; None without interactions."""
        return round_places(self.total / self.interactions, 4) if self.interactions else None


def list_costs(session: Session, brand_ids: Collection[uuid.UUID]) -> list[tuple[ChannelCost, Channel]]:
    """List the costs of all channels of these brands, by channel name and then the latest first. One query."""
    query = sa.select(ChannelCost, Channel).join(Channel, Channel.id == ChannelCost.channel_id)
    query = query.where(Channel.brand_id.in_(brand_ids)).order_by(Channel.name, Channel.id, ChannelCost.from_date.desc())
    return [(row[0], row[1]) for row in session.execute(query)]


def read_spent(session: Session, slice: Slice) -> list[Spent]:
    """Return the costs by channel and currency, in order of channel name. At most two queries.

    Returns [] if the slice has filters other than brand, medium and channel, because a monthly cost cannot be split by team
    or person.
    """
    parts = ("team_id", "user_id", "thread_type", "priority", "partner_id", "own_user_id")
    if any(getattr(slice, name) is not None for name in parts):
        return []
    kept = [row for row in list_costs(session, slice.brand_ids) if _is_wanted(row[1], slice)]
    if not kept:
        return []
    (found,), _state = read_breakdowns(session, Wanted([slice], SAID, SAID, CHANNEL))
    return add_up(kept, found, slice.dates)


def _is_wanted(channel: Channel, slice: Slice) -> bool:
    is_here = slice.brand_id in (None, channel.brand_id) and slice.channel_id in (None, channel.id)
    return is_here and slice.medium in (None, channel.medium.value)


def add_up(kept: Iterable[tuple[ChannelCost, Channel]], found: Breakdown, days: Sequence[date]) -> list[Spent]:
    """Add up the costs by channel and currency. Each day has the cost that was set last before or on that day.

    Days before a channel's first cost do not count, and neither do their messages and calls.
    """
    rows: defaultdict[uuid.UUID, list[tuple[ChannelCost, Channel]]] = defaultdict(list)
    for cost, channel in kept:
        rows[channel.id].append((cost, channel))
    spent: dict[tuple[uuid.UUID, str], Spent] = {}
    for those in rows.values():
        for day in days:
            held = next(((cost, channel) for cost, channel in those if cost.from_date <= day), None)
            if held is not None:
                cost, channel = held
                before = spent.get((channel.id, cost.currency), _nothing(channel, cost.currency, day))
                spent[channel.id, cost.currency] = _with_day(before, cost, found.cells, day)
    return list(spent.values())


def _nothing(channel: Channel, currency: str, day: date) -> Spent:
    return Spent(channel.id, channel.name, channel.medium.value, currency, day, day)


def _with_day(spent: Spent, cost: ChannelCost, cells: Mapping[tuple[date, str, Kind], int], day: date) -> Spent:
    came, sent, calls = (cells.get((day, str(cost.channel_id), kind), 0) for kind in SAID)
    interactions = came + sent + calls
    return replace(
        spent,
        last=day,
        interactions=spent.interactions + interactions,
        fixed=spent.fixed + cost.per_month * _MONTHS_A_DAY,
        provider=spent.provider + sent * cost.per_message + calls * cost.per_call,
        work=spent.work + interactions * cost.minutes * cost.per_hour / 60,
    )


def totals(spent: Iterable[Spent]) -> list[Spent]:
    """Return the sum of the costs of all channels for each currency, ordered by currency."""
    found: dict[str, Spent] = {}
    for one in spent:
        so_far = found.get(one.currency)
        found[one.currency] = one if so_far is None else _sum(so_far, one)
    return [found[currency] for currency in sorted(found)]


def _sum(one: Spent, other: Spent) -> Spent:
    added = {name: getattr(one, name) + getattr(other, name) for name in ("interactions", "fixed", "provider", "work")}
    return replace(one, **added)


def set_cost(
    session: Session, channel: Channel, *, from_date: date, amounts: Mapping[str, Decimal], actor: Actor, now: datetime
) -> None:
    """Set the cost of the channel from the day `from_date` on. A cost that was set for the same day is replaced."""
    values = {**amounts, "currency": settings_of(session, channel.brand_id).currency}
    values |= {"set_at": now, "set_by_user_id": actor.user_id}
    row = postgresql.insert(ChannelCost).values(channel_id=channel.id, from_date=from_date, **values)
    session.execute(row.on_conflict_do_update(index_elements=["channel_id", "from_date"], set_=values))
    _note(
        session, "ChannelCostSet", channel, actor, now, {"from": from_date.isoformat(), **{k: str(v) for k, v in amounts.items()}}
    )


def drop_cost(session: Session, channel: Channel, *, from_date: date, actor: Actor, now: datetime) -> bool:
    """Delete the cost that was set from the day `from_date` on, so that the earlier cost applies again. Returns False if there
    was none."""
    row = sa.delete(ChannelCost).where(ChannelCost.channel_id == channel.id, ChannelCost.from_date == from_date)
    is_gone = session.execute(row.returning(ChannelCost.channel_id)).first() is not None
    if is_gone:
        _note(session, "ChannelCostDropped", channel, actor, now, {"from": from_date.isoformat()})
    return is_gone


def _note(session: Session, action: str, channel: Channel, actor: Actor, now: datetime, detail: dict[str, str]) -> None:
    audit(session, action=action, object_type="channel", object_id=str(channel.id), now=now, actor=actor, detail=detail)

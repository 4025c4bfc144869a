"""Tables of routing: availability, capacity of users, rules, turns and refusals."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
from app.domain.threads.models import ThreadType

CAPACITY = 10  # of a person nobody set it for; an administrator's is 0
MOST_CAPACITY = 200
STICKY_DAYS_AT_MOST = 90


class AvailabilityState(StrEnum):
    """Whether a user takes new threads. AWAY: the user chose it. OFFLINE: the user gives no sign of presence.

    The next sign of presence changes OFFLINE to AVAILABLE.
    """

    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


class Strategy(StrEnum):
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


class Availability(Base):
    """Whether a user takes new threads, one row for each user.

    `present_until`: the time until which the last sign of presence counts. It is later for a phone, because a phone sleeps.
    """

    __tablename__ = "availabilities"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[AvailabilityState] = mapped_column(text_enum(AvailabilityState, "state"))
    since_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    present_until: Mapped[datetime]


class RoutingProfile(Base):
    """What one user can take. The user is full when the weights of the user's open threads add up to `capacity`.

    `hours` is [[weekday, from, to], …] with Monday 0 and minutes of the day in the user's time zone. Empty: at any time.
    """

    __tablename__ = "routing_profiles"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    capacity: Mapped[int]
    skills: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    hours: Mapped[list[Any]] = mapped_column(default=list)

    __table_args__ = (sa.CheckConstraint(f"capacity BETWEEN 0 AND {MOST_CAPACITY}", name="capacity"),)


class RoutingRule(WithId, Base):
    """A rule that says who gets the threads of a channel. For each thread, the first active rule that fits its type decides.

    `tiers` is [{"team_id": id or null for everybody, "after_minutes": n}, …]. A later tier is asked if nobody of the earlier
    tiers is present, or if the thread has waited for that many minutes. `sticky_days`: for so many days, new threads of a
    contact go to the contact's last assignee; 0: never.
    """

    __tablename__ = "routing_rules"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"))
    name: Mapped[str]
    position: Mapped[int]
    is_on: Mapped[bool] = mapped_column(default=False)
    thread_type: Mapped[ThreadType | None] = mapped_column(text_enum(ThreadType, "thread_type"))
    strategy: Mapped[Strategy] = mapped_column(text_enum(Strategy, "strategy"))
    skills: Mapped[list[str]] = mapped_column(default=list)
    speaks_language: Mapped[bool] = mapped_column(default=False)  # of the contact
    sticky_days: Mapped[int] = mapped_column(default=0)
    tiers: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_routing_rules_on", "channel_id", "position", postgresql_where=sa.text("is_on")),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint(f"sticky_days BETWEEN 0 AND {STICKY_DAYS_AT_MOST}", name="sticky_days"),
        sa.CheckConstraint("jsonb_array_length(tiers) BETWEEN 1 AND 3", name="tiers"),
    )


class RoutingTurn(Base):
    """The place of a user in the rotation of a rule. The next thread goes to the able user with the lowest `turn`."""

    __tablename__ = "routing_turns"

    rule_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("routing_rules.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    turn: Mapped[int] = mapped_column(sa.BigInteger)


class RoutingRefusal(Base):
    """The fact that a user gave a thread back. Routing never assigns the thread to this user again."""

    __tablename__ = "routing_refusals"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    refused_at: Mapped[datetime]

"""Tables of routing: availability, capacity of people, rules, turns and refusals."""

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
    """Whether a user takes new threads. AWAY: the user said so. OFFLINE: no sign of presence; the next one ends it."""

    AVAILABLE = "available"
    AWAY = "away"
    OFFLINE = "offline"


class Strategy(StrEnum):
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"


class Availability(Base):
    """Whether a user takes new work. `present_until`: how long the last sign of presence counts, longer from a phone that
    sleeps."""

    __tablename__ = "availabilities"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[AvailabilityState] = mapped_column(text_enum(AvailabilityState, "state"))
    since_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    present_until: Mapped[datetime]


class RoutingProfile(Base):
    """How much one person can take. `capacity` is the sum of the weights of open threads at which the person is full.

    `hours` is [[weekday, from, to], …] in minutes of the day in the person's time zone, Monday 0; none: at any time.
    """

    __tablename__ = "routing_profiles"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    capacity: Mapped[int]
    skills: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    hours: Mapped[list[Any]] = mapped_column(default=list)

    __table_args__ = (sa.CheckConstraint(f"capacity BETWEEN 0 AND {MOST_CAPACITY}", name="capacity"),)


class RoutingRule(WithId, Base):
    """Who gets the threads of a channel. The first active rule that fits the thread's type decides.

    `tiers` is [{"team_id": id or null for everybody, "after_minutes": n}, …]: a later tier is asked when nobody of the earlier
    ones is present, or the thread has waited so long. `sticky_days`: how many days a contact returns to the last assignee; 0:
    never.
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
    """Whose turn it is: of those who can take a thread of a rule, the one with the lowest `turn` is next."""

    __tablename__ = "routing_turns"

    rule_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("routing_rules.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    turn: Mapped[int] = mapped_column(sa.BigInteger)


class RoutingRefusal(Base):
    """A user gave a thread back: routing never assigns it to that user again."""

    __tablename__ = "routing_refusals"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    refused_at: Mapped[datetime]

"""Replay the last 30 days with a changed routing rule, to see which threads would have gone to other people.

Only the rules are compared: presence, load and earlier assignees of those days are not known any more. Never writes.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.routing.models import RoutingRule
from app.domain.routing.queries import ThreadName
from app.domain.routing.rule_actions import RuleContent
from app.domain.threads.models import Thread, ThreadType

LOOKS_BACK = timedelta(days=30)
MOVES_SHOWN = 50
Kind = tuple[uuid.UUID | None, ThreadType]
"""A channel and a thread type, by which a routing rule is chosen."""


@dataclass(frozen=True)
class Destination:
    """The people whom a rule asks first. `team_id` None means everybody who sees the brand.

    `rule_name` does not count when two destinations are compared.
    """

    team_id: uuid.UUID | None
    skills: tuple[str, ...]
    speaks_language: bool
    rule_name: str = field(compare=False)


@dataclass(frozen=True)
class Move:
    """A thread that would have gone to other people. `before` or `after` is None if no rule fits, so that the thread stays
    unassigned."""

    thread: ThreadName
    came_at: datetime
    before: Destination | None
    after: Destination | None


@dataclass(frozen=True)
class Replay:
    """The result of a replay. `threads`: the number of new threads on the channels. `moved`: how many would have gone to other
    people.

    `moves`: the newest of them.
    """

    threads: int
    moved: int
    moves: tuple[Move, ...]


class _Says(Protocol):
    """The fields that a stored rule and an unsaved rule have in common."""

    @property
    def channel_id(self) -> uuid.UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def thread_type(self) -> ThreadType | None: ...
    @property
    def tiers(self) -> Sequence[dict[str, Any]]: ...
    @property
    def skills(self) -> Sequence[str]: ...
    @property
    def speaks_language(self) -> bool: ...


def replay(session: Session, content: RuleContent | RoutingRule, *, rule: RoutingRule | None, now: datetime) -> Replay:
    """Compare the destinations of threads with today's rules and with the changed rules.

    In the changed rules, `content` replaces `rule` and is active. If `rule` is None, `content` is added as the last rule.
    """
    channels = {content.channel_id, *([rule.channel_id] if rule else [])}
    query = sa.select(RoutingRule).where(RoutingRule.channel_id.in_(channels))
    kept = session.execute(query.order_by(RoutingRule.position, RoutingRule.id)).scalars().all()
    today = [one for one in kept if one.is_on]
    changed: list[_Says] = [content if rule and one.id == rule.id else one for one in kept if one.is_on or one is rule]
    if rule is None:
        changed.append(content)
    came = _came(session, channels, now)
    counts = session.execute(sa.select(Thread.channel_id, Thread.thread_type, sa.func.count()).where(came).group_by(*_KIND)).all()
    moved = {
        (row[0], row[1]): found
        for row in counts
        if (found := (destination(today, row[0], row[1]), destination(changed, row[0], row[1])))[0] != found[1]
    }
    total, gone = sum(row[2] for row in counts), sum(row[2] for row in counts if (row[0], row[1]) in moved)
    return Replay(total, gone, _moves(session, came, moved))


def destination(rules: Sequence[_Says], channel_id: uuid.UUID | None, thread_type: ThreadType) -> Destination | None:
    """Return whom the first fitting rule for this channel and type asks first. Return None if no rule fits."""
    fit = (rule for rule in rules if rule.channel_id == channel_id and rule.thread_type in (None, thread_type))
    rule = next(fit, None)
    if rule is None:
        return None
    team = rule.tiers[0]["team_id"]
    return Destination(uuid.UUID(team) if team else None, tuple(sorted(rule.skills)), rule.speaks_language, rule.name)


_KIND = (Thread.channel_id, Thread.thread_type)


def _came(session: Session, channel_ids: set[uuid.UUID], now: datetime) -> sa.ColumnElement[bool]:
    """Return the SQL condition for the threads of the last 30 days on these channels which needed an answer."""
    brands = session.execute(sa.select(Channel.brand_id).where(Channel.id.in_(channel_ids)).distinct()).scalars().all()
    is_work = sa.or_(Thread.last_inbound_at.is_not(None), Thread.medium != "email")
    return sa.and_(Thread.brand_id.in_(brands), Thread.created_at > now - LOOKS_BACK, Thread.channel_id.in_(channel_ids), is_work)


def _moves(
    session: Session, came: sa.ColumnElement[bool], moved: dict[Kind, tuple[Destination | None, Destination | None]]
) -> tuple[Move, ...]:
    if not moved:
        return ()
    columns = (Thread.id, Thread.number, Thread.subject, Thread.preview, Contact.name, Thread.created_at, *_KIND)
    query = sa.select(*columns).outerjoin(Contact, Contact.id == Thread.contact_id).where(came, sa.tuple_(*_KIND).in_(moved))
    rows = session.execute(query.order_by(Thread.created_at.desc(), Thread.id.desc()).limit(MOVES_SHOWN))
    return tuple(
        Move(
            ThreadName(row.id, row.number, row.name or "", row.subject or row.preview),
            row.created_at,
            *moved[row.channel_id, row.thread_type],
        )
        for row in rows
    )

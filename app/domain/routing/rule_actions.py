"""Create, change, switch and reorder routing rules, and set each user's capacity and skills. The caller owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel
from app.domain.events.actions import Actor, Subject, record
from app.domain.routing.actions import assign_next
from app.domain.routing.models import RoutingProfile, RoutingRule, Strategy
from app.domain.routing.pick_next import Claim, lock_routing
from app.domain.threads.models import ThreadType

RULES_AT_MOST = 200
TRIED_AT_MOST = 50


class TooManyRules(Exception):
    """Raised when there are already `RULES_AT_MOST` rules."""


@dataclass(frozen=True)
class RuleContent:
    """The content of a rule as people enter it, with the fields of `RoutingRule`."""

    channel_id: uuid.UUID
    name: str
    strategy: Strategy
    tiers: tuple[dict[str, Any], ...]
    thread_type: ThreadType | None = None
    skills: tuple[str, ...] = ()
    speaks_language: bool = False
    sticky_days: int = 0


@dataclass(frozen=True)
class Abilities:
    """What a user can take. The fields are those of `RoutingProfile`."""

    capacity: int
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hours: tuple[tuple[int, int, int], ...] = ()


def create_rule(session: Session, content: RuleContent, *, viewer: Viewer, now: datetime) -> RoutingRule:
    """Create an inactive rule after the last rule. The caller has checked the channel. Raises `TooManyRules`."""
    count, last = session.execute(sa.select(sa.func.count(), sa.func.max(RoutingRule.position))).one()
    if count >= RULES_AT_MOST:
        raise TooManyRules
    rule = RoutingRule(id=new_id(), position=(last or 0) + 1, is_on=False, created_at=now)
    _fill(rule, content, now)
    session.add(rule)
    session.flush()
    _note(session, rule, "created", viewer, now)
    return rule


def change_rule(session: Session, rule: RoutingRule, content: RuleContent, *, viewer: Viewer, now: datetime) -> None:
    """Change a rule. Threads that are assigned already stay assigned."""
    _fill(rule, content, now)
    session.flush()
    _note(session, rule, "changed", viewer, now)


def switch_rule(session: Session, rule: RoutingRule, *, is_on: bool, viewer: Viewer, now: datetime) -> None:
    """Switch a rule on or off. Do nothing if it has this state already."""
    if rule.is_on != is_on:
        rule.is_on, rule.updated_at = is_on, now
        session.flush()
        _note(session, rule, "on" if is_on else "off", viewer, now)


def move_rule_up(session: Session, rule: RoutingRule, *, viewer: Viewer, now: datetime) -> None:
    """Swap a rule with the rule before it on its channel. Do nothing if it is the first."""
    before = sa.select(RoutingRule).where(RoutingRule.channel_id == rule.channel_id, RoutingRule.position < rule.position)
    other = session.execute(before.order_by(RoutingRule.position.desc()).limit(1)).scalar_one_or_none()
    if other is not None:
        rule.position, other.position = other.position, rule.position
        session.flush()
        _note(session, rule, "moved", viewer, now)


def delete_rule(session: Session, rule: RoutingRule, *, viewer: Viewer, now: datetime) -> None:
    _note(session, rule, "deleted", viewer, now)
    session.delete(rule)
    session.flush()


def try_rule(session: Session, rule: RoutingRule, *, now: datetime) -> list[Claim]:
    """Return the assignments that this rule would make if it were active. The next `TRIED_AT_MOST` threads are tried.

    The threads are really assigned in the transaction, so the caller must roll it back.
    """
    lock_routing(session)
    rule.is_on = True
    session.flush()
    claims: list[Claim] = []
    while len(claims) < TRIED_AT_MOST and (claim := assign_next(session, now=now)) is not None:
        claims.append(claim)
    return [claim for claim in claims if claim.because["rule_id"] == str(rule.id)]


def save_profile(session: Session, user_id: uuid.UUID, abilities: Abilities, *, actor: Actor, now: datetime) -> None:
    """Save what the user can take from now on. Threads that are assigned already stay assigned."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(abilities).items()}
    insert = postgresql.insert(RoutingProfile).values(user_id=user_id, **values)
    session.execute(insert.on_conflict_do_update(index_elements=["user_id"], set_=values))
    payload, about = {"user_id": str(user_id)}, ("user", user_id)
    record(session, "RoutingProfileChanged", subject=Subject(), now=now, actor=actor, payload=payload, about=about)


def _fill(rule: RoutingRule, content: RuleContent, now: datetime) -> None:
    for name, value in vars(content).items():
        setattr(rule, name, list(value) if isinstance(value, tuple) else value)
    rule.updated_at = now


def _note(session: Session, rule: RoutingRule, what: str, viewer: Viewer, now: datetime) -> None:
    brand_id = session.execute(sa.select(Channel.brand_id).where(Channel.id == rule.channel_id)).scalar_one()
    payload = {"rule_id": str(rule.id), "name": rule.name, "what": what}
    about = ("routing_rule", rule.id)
    record(session, "RoutingRuleChanged", subject=Subject(brand_id), now=now, actor=viewer.actor, payload=payload, about=about)

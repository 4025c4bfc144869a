"""Read transitions: an entity's history, and which steps may come next."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.transitions import Edge
from app.domain.accounts.models import User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.transitions.models import Transition, TransitionRule
from app.domain.transitions.registry import Lack, kind_of

FORBIDDEN = "forbidden"


@dataclass(frozen=True)
class Step:
    """A transition that may come next. `lacks` are the reasons that forbid it now, in English; it is empty if nothing does.

    `needs_reason` is True if a reason must be given. This may also be because the brand requires it, or because a reason
    makes up for something that is lacking.
    """

    to_status: str
    needs_reason: bool
    lacks: tuple[str, ...]
    codes: tuple[str, ...]
    needs_lead: bool

    @property
    def is_allowed(self) -> bool:
        return not self.lacks


@dataclass(frozen=True)
class HistoryRow:
    """A transition with the name of the user, rule, partner or connection that made it ("" if there is none)."""

    transition: Transition
    actor: str


def list_history(session: Session, entity_type: str, entity_ids: Collection[uuid.UUID]) -> list[HistoryRow]:
    """List all transitions of these entities, sorted by entity and, for each entity, oldest first. One query."""
    query = sa.select(Transition, User.name).outerjoin(User, User.id == Transition.actor_id)
    query = query.where(Transition.entity_type == entity_type, Transition.entity_id.in_(entity_ids))
    rows = session.execute(query.order_by(Transition.entity_id, Transition.seq))
    return [HistoryRow(row.Transition, row.name or row.Transition.actor_name) for row in rows]


def find_last_transition(session: Session, entity_type: str, entity_id: uuid.UUID) -> Transition | None:
    query = sa.select(Transition).where(Transition.entity_type == entity_type, Transition.entity_id == entity_id)
    return session.execute(query.order_by(Transition.seq.desc()).limit(1)).scalar_one_or_none()


def list_steps(
    session: Session, entity_type: str, entity: Any, *, may_reopen: bool, known: Mapping[str, Lack | None] | None = None
) -> list[Step]:
    """List the transitions that may come next for an entity, each with everything that is lacking. The usual way comes first.

    `known` are results of guards by guard name, if the caller has already read what these guards check.
    """
    kind = kind_of(entity_type)
    rules = _rules_from(session, kind.brand_of(session, entity), entity_type, kind.status_of(entity))
    checked = dict(known or {})
    found = []
    for edge in kind.machine.edges_from(kind.status_of(entity)):
        rule = rules.get(edge.to_status)
        if rule is not None and rule.is_forbidden:
            continue
        for name in edge.guards:
            if name not in checked:
                checked[name] = kind.guards[name](session, entity)
        lacks = [lack for name in edge.guards if (lack := checked[name]) is not None]
        found.append(
            Step(
                edge.to_status,
                edge.needs_reason or bool(rule and rule.needs_reason) or any(lack.or_reason for lack in lacks),
                tuple(lack.words for lack in lacks if not lack.or_reason),
                kind.machine.codes.get(edge.to_status, ()),
                edge.needs_lead,
            )
        )
    return [step for step in found if may_reopen or not step.needs_lead]


def find_rule(session: Session, brand_id: uuid.UUID, entity_type: str, edge: Edge) -> TransitionRule | None:
    """Return the brand's rule for this transition, None if there is none."""
    return session.get(TransitionRule, (brand_id, entity_type, edge.from_status, edge.to_status))


def list_rules(session: Session, brand_id: uuid.UUID, entity_type: str) -> dict[tuple[str, str], TransitionRule]:
    """Return the brand's rules for a kind of entity, as a dict by (from status, to status)."""
    query = sa.select(TransitionRule).where(TransitionRule.brand_id == brand_id, TransitionRule.entity_type == entity_type)
    return {(rule.from_status, rule.to_status): rule for rule in session.execute(query).scalars()}


def user_may_reopen(session: Session, user_id: uuid.UUID | None) -> bool:
    """Return whether this user may make the transitions that only leads may make."""
    query = sa.select(User.id).where(User.id == user_id, users_with(Permission.ORDERS_REOPEN))
    return user_id is not None and session.execute(query).first() is not None


def _rules_from(session: Session, brand_id: uuid.UUID, entity_type: str, status: str) -> dict[str, TransitionRule]:
    return {to: rule for (start, to), rule in list_rules(session, brand_id, entity_type).items() if start == status}

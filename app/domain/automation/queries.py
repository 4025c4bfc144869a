"""Read automation rules and their runs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, BrandMember, Team, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.automation.conditions import Part
from app.domain.automation.models import AutomationRule, AutomationRun
from app.domain.automation.predict import Known
from app.domain.threads.models import Thread

RUNS_SHOWN = 100
_WAITS = sa.and_(AutomationRule.is_on, AutomationRule.trigger == sa.bindparam("trigger"))
_WANTED = sa.select(sa.exists(sa.select(AutomationRule.id).where(_WAITS))).execution_options(**KEPT)


class RuleMissing(Exception):
    """There is no such rule, or the viewer may not see it."""


def parts_of(rule: AutomationRule) -> tuple[Part, ...]:
    return tuple(Part.model_validate(part) for part in rule.parts)


def has_rules(session: Session, trigger: str) -> bool:
    """Return whether an active rule waits for this event type. One quick query."""
    return bool(session.execute(_WANTED, {"trigger": trigger}).scalar_one())


def list_rules_on(session: Session, triggers: Collection[str], *, brand_id: uuid.UUID | None = None) -> list[AutomationRule]:
    """List the active rules with these triggers, in order. With `brand_id`, list only rules for this brand and rules for all
    brands."""
    query = sa.select(AutomationRule).where(AutomationRule.is_on, AutomationRule.trigger.in_(triggers))
    if brand_id is not None:
        query = query.where(sa.or_(AutomationRule.brand_id.is_(None), AutomationRule.brand_id == brand_id))
    return list(session.execute(query.order_by(AutomationRule.position, AutomationRule.id)).scalars())


def list_rules(session: Session, *, viewer: Viewer) -> list[tuple[AutomationRule, int]]:
    """List the rules for all brands and the rules for the viewer's brands, in order, as pairs of rule and number of its runs."""
    runs = sa.select(sa.func.count()).where(AutomationRun.rule_id == AutomationRule.id).scalar_subquery()
    query = sa.select(AutomationRule, runs.label("runs")).where(_visible(viewer))
    rows = session.execute(query.order_by(AutomationRule.position, AutomationRule.id))
    return [(row.AutomationRule, row.runs) for row in rows]


def get_rule(session: Session, rule_id: uuid.UUID, *, viewer: Viewer) -> AutomationRule:
    """Return the rule if the viewer may see it. Raises RuleMissing."""
    query = sa.select(AutomationRule).where(AutomationRule.id == rule_id, _visible(viewer))
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise RuleMissing(str(rule_id))
    return found


def _visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    return sa.or_(AutomationRule.brand_id.is_(None), AutomationRule.brand_id.in_(viewer.brand_ids))


def list_runs(session: Session, rule: AutomationRule, *, brand_ids: Collection[uuid.UUID]) -> list[AutomationRun]:
    """List the newest RUNS_SHOWN runs of a rule, newest first: runs on threads of these brands, and runs without a thread."""
    seen = sa.or_(AutomationRun.thread_id.is_(None), Thread.brand_id.in_(brand_ids))
    query = sa.select(AutomationRun).outerjoin(Thread, Thread.id == AutomationRun.thread_id)
    query = query.where(AutomationRun.rule_id == rule.id, seen)
    return list(session.execute(query.order_by(AutomationRun.run_at.desc(), AutomationRun.id.desc()).limit(RUNS_SHOWN)).scalars())


def find_run(session: Session, *, rule_id: uuid.UUID, occasion: str) -> AutomationRun | None:
    query = sa.select(AutomationRun).where(AutomationRun.rule_id == rule_id, AutomationRun.occasion == occasion)
    return session.execute(query).scalar_one_or_none()


def keys_run(session: Session, rule: AutomationRule, keys: Iterable[str]) -> set[str]:
    """Return those of the occasion keys on which the rule has already run."""
    query = sa.select(AutomationRun.occasion).where(AutomationRun.rule_id == rule.id, AutomationRun.occasion.in_(list(keys)))
    return set(session.execute(query).scalars())


def read_known(session: Session) -> Known:
    """Read the teams and assignable users that predictions check against. Two queries."""
    teams = frozenset(session.execute(sa.select(Team.id)).scalars())
    member = sa.exists().where(BrandMember.user_id == User.id, BrandMember.brand_id == Brand.id)
    sees = sa.and_(users_with(Permission.THREADS_REPLY), sa.or_(users_with(Permission.BRANDS_ALL), member))
    pairs = session.execute(sa.select(Brand.id, User.id).join(User, sa.and_(sees, User.disabled_at.is_(None)))).all()
    by_brand: dict[uuid.UUID, set[uuid.UUID]] = {}
    for brand_id, user_id in pairs:
        by_brand.setdefault(brand_id, set()).add(user_id)
    return Known(teams, {brand_id: frozenset(user_ids) for brand_id, user_ids in by_brand.items()})

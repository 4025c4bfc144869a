"""Create, change, switch, order and delete automation rules; new ones are off. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.automation.conditions import Part
from app.domain.automation.models import AutomationRule, OutsideIntent
from app.domain.events.actions import SYSTEM, Subject, record
from app.domain.events.models import Event

RULES_AT_MOST = 200


class TooManyRules(Exception):
    """There are RULES_AT_MOST rules already."""


@dataclass(frozen=True)
class RuleContent:
    """The content of an automation rule; `AutomationRule` explains the fields."""

    name: str
    trigger: str
    parts: tuple[Part, ...]
    brand_id: uuid.UUID | None = None
    stops: bool = False
    after_hours: int | None = None
    at_minute: int | None = None
    weekdays: tuple[int, ...] = ()


def create_rule(
    session: Session, content: RuleContent, *, viewer: Viewer | None, now: datetime, shipped: str | None = None
) -> AutomationRule:
    """Create a rule. It is switched off and the last in order. `viewer` None: the system creates it. `shipped`: the key of the
    ready-made rule from which it is made. Raises `TooManyRules`.

    The caller has checked that the viewer is a lead and sees the brand.
    """
    count, last = session.execute(sa.select(sa.func.count(), sa.func.max(AutomationRule.position))).one()
    if count >= RULES_AT_MOST:
        raise TooManyRules
    rule = AutomationRule(id=new_id(), position=(last or 0) + 1, is_on=False, shipped=shipped, created_at=now)
    rule.created_by_user_id = viewer.user_id if viewer else None
    _fill(rule, content, now)
    session.add(rule)
    session.flush()
    _note(session, rule, "created", viewer, now)
    return rule


def change_rule(session: Session, rule: AutomationRule, content: RuleContent, *, viewer: Viewer, now: datetime) -> None:
    """Change a rule. This also switches the rule off, so that somebody looks at its dry run before switching it on again."""
    _fill(rule, content, now)
    rule.is_on = False
    session.flush()
    _note(session, rule, "changed", viewer, now)


def switch_rule(
    session: Session, rule: AutomationRule, *, is_on: bool, viewer: Viewer | None, now: datetime, past: bool = False
) -> None:
    """Switch a rule on or off. With `past`, a rule that is switched on also runs on the past occasions of its dry run
    (`run_rule_on_past` in app/domain/automation/handlers.py)."""
    if rule.is_on != is_on or past:
        rule.is_on, rule.updated_at = is_on, now
        session.flush()
        _note(session, rule, "on" if is_on else "off", viewer, now, past=past and is_on)


def move_rule_up(session: Session, rule: AutomationRule, *, viewer: Viewer, now: datetime) -> None:
    """Move a rule one place up in the order; the first rule stays."""
    before = sa.select(AutomationRule).where(AutomationRule.position < rule.position)
    other = session.execute(before.order_by(AutomationRule.position.desc()).limit(1)).scalar_one_or_none()
    if other is not None:
        rule.position, other.position = other.position, rule.position
        session.flush()
        _note(session, rule, "moved", viewer, now)


def delete_rule(session: Session, rule: AutomationRule, *, viewer: Viewer, now: datetime) -> None:
    """Delete a rule and its log. Changes that the rule made are kept."""
    _note(session, rule, "deleted", viewer, now)
    session.delete(rule)
    session.flush()


def note_intent(session: Session, event: Event) -> None:
    """Store the outside call that the event asks for, once per event. The feature that carries out the call updates the row in
    the same transaction."""
    call = event.payload["call"]
    values = {
        "id": new_id(),
        "event_id": event.id,
        "kind": call["kind"],
        "target": call["target"],
        "brand_id": event.brand_id,
        "thread_id": event.thread_id,
        "asked_by": event.payload.get("by", {}),
        "state": "noted",
        "noted_at": event.occurred_at,
    }
    session.execute(postgresql.insert(OutsideIntent).values(values).on_conflict_do_nothing())


def settle_intent(session: Session, event: Event, *, state: str, said: Mapping[str, Any]) -> None:
    """Store that the outside call of this event was made (`done`) or cannot be made (`failed`). `said` is added to the event's
    payload, for the timeline."""
    session.execute(sa.update(OutsideIntent).where(OutsideIntent.event_id == event.id).values(state=state))
    event.payload = {**event.payload, **said}
    session.flush()


def withdraw_intents(session: Session, event_ids: Collection[uuid.UUID]) -> int:
    """Withdraw the outside calls that these events asked for. Returns the number of calls that could not be withdrawn, because
    they were or are being carried out."""
    asked = sa.select(OutsideIntent.id).where(OutsideIntent.event_id.in_(event_ids), OutsideIntent.state == "noted")
    noted = session.execute(asked.order_by(OutsideIntent.id).with_for_update(skip_locked=True)).scalars().all()
    session.execute(sa.delete(OutsideIntent).where(OutsideIntent.id.in_(noted)).execution_options(synchronize_session=False))
    return len(event_ids) - len(noted)


def _fill(rule: AutomationRule, content: RuleContent, now: datetime) -> None:
    for name, value in vars(content).items():
        setattr(rule, name, list(value) if isinstance(value, tuple) else value)
    rule.parts = [part.model_dump(mode="json", exclude_defaults=True) for part in content.parts]
    rule.updated_at = now


def _note(session: Session, rule: AutomationRule, what: str, viewer: Viewer | None, now: datetime, **more: Any) -> None:
    payload = {"rule_id": str(rule.id), "name": rule.name, "what": what, **more}
    subject, about = Subject(brand_id=rule.brand_id), ("automation_rule", rule.id)
    actor = viewer.actor if viewer else SYSTEM
    record(session, "AutomationRuleChanged", subject=subject, now=now, actor=actor, payload=payload, about=about)

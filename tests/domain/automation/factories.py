"""Rules for tests of automation."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.accounts.access import Viewer
from app.domain.automation.actions import RuleContent, create_rule
from app.domain.automation.conditions import Condition, Part
from app.domain.automation.models import AutomationRule
from app.domain.threads.macros import MacroSteps


def condition(field: str, op: str, value: object) -> Condition:
    return Condition.model_validate({"field": field, "op": op, "value": str(value)})


def make_rule(
    session: Session,
    viewer: Viewer,
    steps: MacroSteps,
    *conditions: Condition,
    trigger: str = "MessageReceived",
    is_on: bool = True,
    parts: tuple[Part, ...] = (),
    match: str = "all",
    **content: Any,
) -> AutomationRule:
    first = Part.model_validate({"match": match, "conditions": conditions, "steps": steps})
    made = RuleContent(**{"name": "Regel", "trigger": trigger, "parts": (first, *parts), **content})
    rule = create_rule(session, made, viewer=viewer, now=utc_now())
    rule.is_on = is_on
    session.commit()
    return rule

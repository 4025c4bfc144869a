"""Make the automation rules of the demo company, all of them off."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Team, User
from app.domain.automation.actions import RuleContent, create_rule
from app.domain.automation.conditions import Condition, Part, parts_that_fit
from app.domain.automation.models import AutomationRule, AutomationRun
from app.domain.automation.occasions import LOOKS_BACK, list_past, read_facts
from app.domain.automation.queries import parts_of
from app.domain.automation.run_one import CHANGED
from app.domain.automation.triggers import CLOCK, ORDER_STATUS_CHANGED, UNANSWERED
from app.domain.events.models import Event
from app.domain.threads.macros import MacroSteps, OutsideCall, TaskStep
from app.domain.threads.models import Priority, Thread, ThreadStatus

RAN_BEFORE = "Klachten nakijken"
RAN_AT_MOST = 6
TAG = "nakijken"


def make_automation(session: Session, *, author: User, brand_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Make the automation rules, all switched off. One of them gets a log, as if it had been on for a while."""
    viewer = viewer_of(session, author)
    teams: dict[str, uuid.UUID] = {row[0]: row[1] for row in session.execute(sa.select(Team.name, Team.id))}
    for content in _rules(teams):
        rule = create_rule(session, content, viewer=viewer, now=now)
        if rule.name == RAN_BEFORE:
            _tell_of_runs(session, rule, brand_ids, now)


def _tell_of_runs(session: Session, rule: AutomationRule, brand_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Write the log of past runs of a rule. The events have no outbox entries, so no handler reacts to them."""
    past = list_past(session, rule, brand_ids=brand_ids, since=now - LOOKS_BACK, until=now - timedelta(days=2))
    facts = read_facts(session, past)
    fitting = [(o, f) for o, f in zip(past, facts, strict=True) if parts_that_fit(parts_of(rule), f, now=now)]
    by = {"kind": "automation", "rule_id": str(rule.id), "name": rule.name}
    for occasion, found in fitting[:RAN_AT_MOST]:
        thread, after = session.get_one(Thread, found.thread_id), {**found.state, "tags": [*found.state["tags"], TAG]}
        thread.tags = after["tags"]
        payload = {"added": [TAG], "removed": [], "by": by}
        event = Event(type="ThreadTagged", occurred_at=occasion.at, brand_id=thread.brand_id, thread_id=thread.id, depth=1)
        event.payload = payload
        run = AutomationRun(rule_id=rule.id, occasion=occasion.key, thread_id=thread.id, event_id=occasion.event_id)
        run.outcome, run.run_at, run.detail = CHANGED, occasion.at, {"before": found.state, "after": after, "did": []}
        session.add_all([event, run])
    session.flush()


def _rules(teams: dict[str, uuid.UUID]) -> list[RuleContent]:
    broken = (
        _asked("type", "is", "technical_issue"),
        _asked("status", "is_not", "resolved"),
        _asked("status", "is_not", "closed"),
    )
    technique = MacroSteps(team_id=teams["Technical team"], add_tags=("storing",), priority=Priority.HIGH)
    late = MacroSteps(priority=Priority.HIGH, task=TaskStep(title="Antwoord geven", due_days=0))
    complaint = (_asked("type", "is", "complaint"), _asked("value", "is", "resolved"))
    looked_at = MacroSteps(add_tags=(TAG,))
    urgent = (_asked("priority", "at_least", "critical"), _asked("status", "is_not", "escalated"))
    told = MacroSteps(status=ThreadStatus.ESCALATED, calls=(OutsideCall(kind="teams", target="Customer service"),))
    order = MacroSteps(calls=(OutsideCall(kind="webhook", target="Warehouse"),))
    completed = MacroSteps(
        calls=(
            OutsideCall(
                kind="whatsapp_template", target="order_completion_notification", words="{{order.number}}; {{order.status}}"
            ),
        )
    )
    return [
        RuleContent("Storing naar techniek", "MessageReceived", (Part(conditions=broken, steps=technique),)),
        RuleContent("Drie dagen geen antwoord", UNANSWERED, (Part(steps=late),), after_hours=72),
        RuleContent(RAN_BEFORE, "ThreadStatusChanged", (Part(conditions=complaint, steps=looked_at),)),
        RuleContent(
            "Kritiek: storingsdienst",
            CLOCK,
            (Part(conditions=urgent, steps=told),),
            at_minute=8 * 60 + 30,
            weekdays=(0, 1, 2, 3, 4),
        ),
        RuleContent(
            "Orderstatus naar magazijn, en af: WhatsApp",
            ORDER_STATUS_CHANGED,
            (Part(steps=order), Part(conditions=(_asked("value", "is", "completed"),), steps=completed)),
        ),
    ]


def _asked(field: str, op: str, value: str) -> Condition:
    return Condition.model_validate({"field": field, "op": op, "value": value})

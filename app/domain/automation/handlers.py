"""React to events for automation rules (see app/wiring.py)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.domain.automation import actions
from app.domain.automation.order_news import withdraw_news
from app.domain.automation.queries import has_rules
from app.domain.automation.run_rules import run_for_event, run_past
from app.domain.automation.tell_customer import send_asked_template
from app.domain.events.models import Event

__all__ = [
    "awaited_among",
    "note_intent",
    "past_among",
    "run_rule_on_past",
    "run_rules",
    "send_asked_template",
    "withdraw_news",
]


def note_intent(session: Session, event: Event) -> None:
    """`OutsideCallAsked`: store the requested call as an `OutsideIntent`."""
    actions.note_intent(session, event)


def awaited_among(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events if an active rule has their type as its trigger, else []. All events have the same type."""
    return events if has_rules(session, events[0].type) else []


def run_rules(event: Event) -> None:
    """After-commit handler: run the rules that wait for this event. A repeat runs no rule twice."""
    run_for_event(event)


def past_among(_session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events that switched a rule on and asked to run it on past occasions too."""
    return [event for event in events if event.payload.get("past")]


def run_rule_on_past(event: Event) -> None:
    """After-commit handler of `AutomationRuleChanged`: run the rule on the past occasions of its dry run."""
    run_past(uuid.UUID(event.payload["rule_id"]), until=event.occurred_at)

"""What automation does when something happens, see app/wiring.py."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.domain.automation import actions
from app.domain.automation.queries import has_rules
from app.domain.automation.run_rules import run_for_event, run_past
from app.domain.events.models import Event


def note_intent(session: Session, event: Event) -> None:
    """`OutsideCallAsked`: keep it as a row."""
    actions.note_intent(session, event)


def is_awaited(session: Session, event: Event) -> bool:
    """False where no rule waits for this event."""
    return has_rules(session, event.type)


def run_rules(event: Event) -> None:
    """After-commit handler: rules that wait for this event. What one did is not done again."""
    run_for_event(event)


def is_about_the_past(_session: Session, event: Event) -> bool:
    """True where somebody switched a rule on for what is past as well."""
    return bool(event.payload.get("past"))


def run_rule_on_past(event: Event) -> None:
    """After-commit handler of `AutomationRuleChanged`: do what the dry run showed."""
    run_past(uuid.UUID(event.payload["rule_id"]), until=event.occurred_at)

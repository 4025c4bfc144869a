"""Run automation rules: after an event, by time, and on past occasions. One commit for each rule and occasion."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.queries import list_brands
from app.domain.automation.models import AutomationRule
from app.domain.automation.occasions import LOOKS_BACK, Occasion, is_due, list_due, list_past, occasion_of
from app.domain.automation.queries import list_rules_on
from app.domain.automation.run_one import run_rule
from app.domain.automation.triggers import BY_TIME
from app.domain.events.models import Event
from app.domain.threads.models import Message

DUE_AT_ONCE = 2000


def run_for_event(event: Event) -> None:
    """Run the active rules for this event, in order. A rule that fits and has `stops` set ends the list."""
    with transaction() as session:
        if event.message_id is not None and _is_automatic(session.get(Message, event.message_id)):
            return
        rule_ids = [rule.id for rule in list_rules_on(session, [event.type], brand_id=event.brand_id)]
    _run_all(rule_ids, occasion_of(event), now=utc_now(), event=event)


def _is_automatic(message: Message | None) -> bool:
    return message is not None and message.automatic is not None


def _run_all(rule_ids: Iterable[uuid.UUID], occasion: Occasion, *, now: datetime, event: Event | None = None) -> int:
    ran = 0
    for rule_id in rule_ids:
        with transaction() as session:
            rule = session.get(AutomationRule, rule_id)
            if rule is None or not rule.is_on:
                continue
            outcome, stops = run_rule(session, rule, occasion, now=now, event=event), rule.stops
        if outcome is not None:
            ran += 1
            runtime().nudger.nudge()
            if stops:
                break
    return ran


def run_by_time(now: datetime) -> int:
    """Run the rules triggered by time on the threads that are due. Returns the number of runs."""
    ran = 0
    with transaction() as session:
        rules = [rule for rule in list_rules_on(session, list(BY_TIME)) if is_due(rule, now=now)]
        brands = [brand.id for brand in list_brands(session)] if rules else []
    for rule in rules:
        with transaction() as session:
            due = list_due(session, rule, brand_ids=[rule.brand_id] if rule.brand_id else brands, now=now, limit=DUE_AT_ONCE)
        ran += sum(_run_all([rule.id], occasion, now=now) for occasion in due)
    return ran


def run_past(rule_id: uuid.UUID, *, until: datetime) -> int:
    """Run a rule on the occasions of the last days before `until`, those that its dry run listed. Return the number of
    occasions that the rule fits, those included on which it ran before and does not run again."""
    with transaction() as session:
        rule = session.get(AutomationRule, rule_id)
        if rule is None or not rule.is_on:
            return 0
        brands = [brand.id for brand in list_brands(session)]
        past = list_past(session, rule, brand_ids=brands, since=until - LOOKS_BACK, until=until)
    return sum(_run_all([rule_id], occasion, now=utc_now()) for occasion in past)

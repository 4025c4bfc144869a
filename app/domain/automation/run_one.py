"""Run one rule on one occasion, at most once. Either all of its steps are taken or none, and the run is recorded. The caller
owns the transaction.

The thread is locked before the conditions are tested, so that it does not change in between. `automation_runs` is unique per
rule and occasion, so that only one of several workers runs it. A rule never reacts to an event that it caused itself,
directly or through other events. No rule reacts to an event at the end of a chain of DEEPEST causes.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.automation.conditions import Facts, asks_of_orders, links_orders, list_found, parts_that_fit
from app.domain.automation.models import AutomationRule, AutomationRun
from app.domain.automation.occasions import ZONE, Occasion, read_facts
from app.domain.automation.order_news import find_news
from app.domain.automation.predict import NO_THREAD, did_of, needs_thread
from app.domain.automation.queries import find_run, parts_of
from app.domain.automation.reply import brand_viewer, read_answerable, send_reply
from app.domain.automation.tell_customer import is_for_mail, send_mail
from app.domain.delivery.actions import UnableToReply
from app.domain.events.actions import Actor, Subject
from app.domain.events.models import Event
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.threads.about import list_links
from app.domain.threads.actions import lock_thread
from app.domain.threads.bulk import state_of
from app.domain.threads.macro_run import Run, StepFailed, ask_outside, snooze_end, take_first_steps, take_last_steps
from app.domain.threads.macros import MacroSteps
from app.domain.threads.queries import ThreadMissing

DEEPEST = 3
CHANGED, UNCHANGED, FAILED, LOOP = "changed", "unchanged", "failed", "loop"


def run_rule(
    session: Session, rule: AutomationRule, occasion: Occasion, *, now: datetime, event: Event | None = None
) -> str | None:
    """Run a rule on one occasion and return the outcome, or None if the rule does not fit. A repeat returns the first outcome."""
    if rule.brand_id not in (None, occasion.brand_id):
        return None
    earlier = find_run(session, rule_id=rule.id, occasion=occasion.key)
    if earlier is not None:
        return earlier.outcome
    try:
        thread = lock_thread(session, occasion.thread_id) if occasion.thread_id else None
    except ThreadMissing:
        return None
    parts = parts_of(rule)
    facts = read_facts(session, [occasion], with_orders=asks_of_orders(parts), with_links=links_orders(parts))[0]
    steps = parts_that_fit(parts, facts, now=now)
    if not steps or (thread is not None and thread.spam_at is not None):
        return None
    run_id = _begin(session, rule, occasion, facts, now)
    if run_id is None:
        return UNCHANGED  # another worker has it
    if event is not None and is_loop(session, rule, event):
        return _end(session, run_id, LOOP, {})
    return _carry_out(session, rule, facts, steps, run_id, now=now, event=event, found=list_found(parts, facts))


def is_loop(session: Session, rule: AutomationRule, event: Event) -> bool:
    """Return True if the rule is among the causes of the event, or if the event is at the end of a chain of DEEPEST causes."""
    if event.depth >= DEEPEST:
        return True
    cause: Event | None = event
    while cause is not None:
        if cause.payload.get("by", {}).get("rule_id") == str(rule.id):
            return True
        cause = session.get(Event, cause.caused_by_id) if cause.caused_by_id else None
    return False


def _begin(session: Session, rule: AutomationRule, occasion: Occasion, facts: Facts, now: datetime) -> uuid.UUID | None:
    values = {
        "id": new_id(),
        "rule_id": rule.id,
        "occasion": occasion.key,
        "thread_id": facts.thread_id,
        "event_id": occasion.event_id,
        "outcome": UNCHANGED,
        "detail": {},
        "run_at": now,
    }
    insert = postgresql.insert(AutomationRun).values(values).on_conflict_do_nothing().returning(AutomationRun.id)
    return session.execute(insert).scalar_one_or_none()


def _end(session: Session, run_id: uuid.UUID, outcome: str, detail: dict[str, Any]) -> str:
    written = sa.update(AutomationRun).where(AutomationRun.id == run_id).values(outcome=outcome, detail=detail)
    session.execute(written.execution_options(synchronize_session=False))
    return outcome


def _carry_out(
    session: Session,
    rule: AutomationRule,
    facts: Facts,
    all_steps: tuple[MacroSteps, ...],
    run_id: uuid.UUID,
    *,
    now: datetime,
    event: Event | None,
    found: list[str],
) -> str:
    by = {"kind": "automation", "rule_id": str(rule.id), "name": rule.name, **({"found": found} if found else {})}
    if event is None and facts.order_id is not None and facts.event_id is not None:
        event = session.get(Event, facts.event_id)  # what is done for the past tells of the same order
    actor, asked = Actor(caused_by=event, by=by), list[Event]()
    try:
        with session.begin_nested():
            for number, steps in enumerate(all_steps):
                token = uuid.uuid5(run_id, str(number))
                run = Run(actor, rule.name, now, token, snooze_end(steps, now=now, zone=ZONE), asked)
                _take_steps(session, facts, steps, run)
            session.flush()
    except (StepFailed, UnableToReply, ThreadMissing) as error:
        return _end(session, run_id, FAILED, {"why": str(error)})
    after = _state_after(session, facts, facts.thread_id) if facts.thread_id else {}
    untold = [event.payload["why_not"] for event in asked if "why_not" in event.payload]
    did = [what for steps in all_steps for what in did_of(steps)]
    if untold and len(did) == len(untold) and after == facts.state:
        return _end(session, run_id, FAILED, {"why": untold[0]})
    detail = {"before": facts.state, "after": after, "did": did, **({"untold": untold} if untold else {})}
    return _end(session, run_id, CHANGED if did or after != facts.state else UNCHANGED, detail)


def _state_after(session: Session, facts: Facts, thread_id: uuid.UUID) -> dict[str, Any]:
    links = list_links(session, [thread_id])[thread_id] if "orders" in facts.state else None
    return state_of(lock_thread(session, thread_id), links=links)


def _take_steps(session: Session, facts: Facts, steps: MacroSteps, run: Run) -> None:
    if facts.thread_id is None:
        if needs_thread(facts, steps):
            raise StepFailed("brand_id", NO_THREAD)
        ask_outside(session, steps.calls, subject=Subject(brand_id=facts.brand_id), run=run)
        if steps.template_id is not None:
            _tell_of_order(session, facts, steps.template_id, run)
        return
    thread = take_first_steps(session, thread_id=facts.thread_id, steps=steps, run=run)
    if steps.template_id is not None and facts.order_id is not None and _is_mail(session, steps.template_id):
        _tell_of_order(session, facts, steps.template_id, run)
    elif steps.template_id is not None:
        viewer = brand_viewer(session, thread.brand_id)
        answerable = read_answerable(session, steps.template_id, thread_ids=[thread.id], viewer=viewer, now=run.now)
        why = answerable.why_not(facts)
        if why or answerable.template is None:
            raise StepFailed("template_id", why)
        send_reply(session, thread, answerable.template, viewer=viewer, actor=run.actor, now=run.now)
    take_last_steps(session, thread_id=thread.id, steps=steps, run=run)


def _is_mail(session: Session, template_id: uuid.UUID) -> bool:
    template = session.get(ReplyTemplate, template_id)
    return template is not None and is_for_mail(template)


def _tell_of_order(session: Session, facts: Facts, template_id: uuid.UUID, run: Run) -> None:
    """Mail the customer of the event's order, even if there is no thread yet."""
    news = find_news(session, run.actor.caused_by, thread_id=facts.thread_id)
    viewer = brand_viewer(session, news.brand_id)
    send_mail(session, news, template_id, viewer=viewer, actor=run.actor, now=run.now)

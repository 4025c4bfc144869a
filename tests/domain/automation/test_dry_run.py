"""A dry run over the demo shows the very threads that change when the rule is switched on, and how; quickly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, Role, Team, User
from app.domain.automation.actions import RuleContent, create_rule, switch_rule
from app.domain.automation.conditions import Part
from app.domain.automation.dry_run import DryRun, dry_run
from app.domain.automation.models import AutomationRule, AutomationRun
from app.domain.automation.run_rules import run_by_time, run_past
from app.domain.connections.models import Medium
from app.domain.reply_templates.models import ReplyTemplate, ReplyTemplateBrand
from app.domain.threads.bulk import state_of
from app.domain.threads.macros import MacroSteps, OutsideCall, TaskStep
from app.domain.threads.models import Priority, Thread, ThreadStatus
from tests.domain.automation.factories import condition
from tests.support.cost import cost_seconds
from tests.support.database import back_to, ground_session

LATE = MacroSteps(priority=Priority.HIGH, note="Wacht al drie uur.")
Rows = dict[str, tuple[str, dict[str, object], list[str]]]


@pytest.fixture(scope="module")
def shared_app(demo_app: Flask, loadings: list[Result]) -> Flask:
    """The application that has the demo already."""
    return demo_app


@pytest.fixture(scope="module")
def demo_company(shared_app: Flask, ground: sa.Connection) -> None:
    """The demo company, with no rule of its own."""
    with shared_app.app_context(), ground_session(ground) as session:
        session.execute(sa.update(AutomationRule).values(is_on=False))
        untouched = {"assignee_user_id": None, "status": ThreadStatus.OPEN, "resolved_at": None}
        session.execute(sa.update(Thread).where(Thread.id == newest_on_whatsapp(session)).values(untouched))
        session.commit()


def newest_on_whatsapp(session: Session) -> object:
    """One of the brand the rules are tried on; at some hours of the day the demo has no open one there without an assignee."""
    of_brand = Thread.brand_id == some(session, Brand, "LaderThuis"), Thread.medium == Medium.WHATSAPP
    return session.execute(sa.select(Thread.id).where(*of_brand).order_by(Thread.last_message_at.desc()).limit(1)).scalar()


@pytest.fixture
def connection(demo_company: None, ground: sa.Connection) -> Iterator[sa.Connection]:
    with back_to(ground) as connection:
        yield connection


@pytest.fixture
def noah(db_session: Session) -> Viewer:
    """The administrator of the demo, who sees all brands."""
    return viewer_of(db_session, db_session.execute(sa.select(User).where(User.role == Role.ADMIN)).scalars().first())  # type: ignore[arg-type]


def some(session: Session, model: type, name: str) -> object:
    return session.execute(sa.select(model.id).where(model.name.startswith(name))).scalars().first()  # type: ignore[attr-defined]


def rules(session: Session) -> list[RuleContent]:
    """Of every kind: by message, by event, by time; with every condition and every step there is."""
    of_all_brands = ReplyTemplate.archived_at.is_(None), ReplyTemplate.id.not_in(sa.select(ReplyTemplateBrand.template_id))
    template = session.execute(sa.select(ReplyTemplate.id).where(*of_all_brands).order_by(ReplyTemplate.id)).scalars().first()
    julia = some(session, User, "Julia")  # who does not see every brand
    technique = some(session, Team, "Technical")
    raised = MacroSteps(add_tags=("storing", "spoed"), priority=Priority.URGENT, status=ThreadStatus.IN_PROGRESS)
    handed = MacroSteps.model_validate(
        {"team_id": technique, "note": "Techniek, graag.", "task": TaskStep(title="Bellen", due_days=1)}
    )
    given = MacroSteps(assignee=str(julia), snooze="tomorrow")
    answered = MacroSteps.model_validate({"template_id": template, "sends": True})
    closed = MacroSteps(add_tags=("klaar",), remove_tags=("storing",), status=ThreadStatus.CLOSED)
    calls = OutsideCall(kind="teams", target="storingen"), OutsideCall(kind="make", target="order_processing")
    technical = (
        condition("type", "is", "technical_issue"),
        condition("tag", "has", "storing"),
        condition("priority", "at_least", "high"),
    )
    loose = condition("medium", "is", "whatsapp"), condition("assignee", "is", "nobody"), condition("age_hours", "less_than", 400)
    ours = (condition("brand", "is_not", some(session, Brand, "ChargeCars")),)
    not_french = condition("status", "is_not", "resolved"), condition("language", "is_not", "fr")
    came, time_is = "MessageReceived", {"Drie uur": {"after_hours": 3}, "Stil": {"after_hours": 72}, "Ochtend": {"at_minute": 0}}
    parts: list[tuple[str, str, list[Part]]] = [
        ("Woorden", came, [Part(conditions=(condition("words", "has", "laadpaal"),), steps=raised)]),
        ("Techniek", came, [Part(match="any", conditions=technical, steps=handed)]),
        ("Julia", came, [Part(conditions=loose, steps=given)]),
        ("Antwoord", came, [Part(conditions=(condition("messages", "less_than", 4),), steps=answered)]),
        ("Opgelost", "ThreadStatusChanged", [
            Part(conditions=(condition("value", "is", "resolved"),), steps=closed),
            Part(conditions=ours, steps=MacroSteps(calls=calls)),
        ]),
        ("Drie uur", "unanswered", [Part(conditions=(condition("contact", "has_not", "groendus"),), steps=LATE)]),
        ("Stil", "silent", [Part(steps=MacroSteps(status=ThreadStatus.RESOLVED))]),
        ("Ochtend", "clock", [Part(conditions=not_french, steps=MacroSteps(add_tags=("vandaag",)))]),
    ]  # fmt: skip
    return [RuleContent(name, trigger, tuple(found), **time_is.get(name, {})) for name, trigger, found in parts]  # type: ignore[arg-type]


# By message, by event and by time; those of a kind have other conditions and steps, which have tests of their own.
EACH_TRIGGER = (0, 4, 5)


@pytest.mark.parametrize(
    "number", [pytest.param(number, marks=() if number in EACH_TRIGGER else pytest.mark.full) for number in range(8)]
)
def test_what_a_dry_run_shows_is_what_happens(app_context: Flask, db_session: Session, noah: Viewer, number: int) -> None:
    brand_id = some(db_session, Brand, "LaderThuis") if number < 5 else None  # every message of every brand takes minutes
    content, now = replace(rules(db_session)[number], brand_id=brand_id), utc_now()  # type: ignore[arg-type]
    rule = create_rule(db_session, content, viewer=noah, now=now)
    db_session.commit()
    before = states(db_session)
    shown = dry_run(db_session, rule, brand_ids=noah.brand_ids, now=now)
    assert shown.changed, f"{content.name} fits nothing of the demo"
    assert states(db_session) == before, "a dry run only reads"
    switch_rule(db_session, rule, is_on=True, viewer=noah, now=now, past=True)
    db_session.commit()
    happen(rule, now)
    db_session.expire_all()
    assert done(db_session, rule) == foreseen(shown)
    after = states(db_session)
    ids = {found.thread_id for found in shown.changed}
    really = {thread_id for thread_id in after if after[thread_id] != before[thread_id]}
    assert really <= ids
    happen(rule, now)
    db_session.expire_all()
    assert done(db_session, rule) == foreseen(shown), "once, however often it is run"


@pytest.mark.full
@pytest.mark.parametrize("number", range(8))
def test_a_dry_run_over_all_of_the_demo_takes_less_than_three_seconds(
    app_context: Flask, db_session: Session, noah: Viewer, number: int
) -> None:
    now = utc_now()
    rule = create_rule(db_session, rules(db_session)[number], viewer=noah, now=now)
    assert cost_seconds(lambda: dry_run(db_session, rule, brand_ids=noah.brand_ids, now=now)) < 3
    assert dry_run(db_session, rule, brand_ids=noah.brand_ids, now=now).changed


def happen(rule: AutomationRule, now: datetime) -> None:
    if rule.trigger in ("unanswered", "silent", "clock"):
        run_by_time(now)
    else:
        run_past(rule.id, until=now)


def states(session: Session) -> dict[object, dict[str, object]]:
    return {thread.id: state_of(thread) for thread in session.execute(sa.select(Thread)).scalars()}


def foreseen(shown: DryRun) -> Rows:
    return {found.occasion: (found.outcome, steady(found.after), list(found.did) or [found.why]) for found in shown.foreseen}


def done(session: Session, rule: AutomationRule) -> Rows:
    runs = session.execute(sa.select(AutomationRun).where(AutomationRun.rule_id == rule.id)).scalars()
    return {
        run.occasion: (run.outcome, steady(run.detail.get("after", {})), run.detail.get("did") or [run.detail.get("why", "")])
        for run in runs
    }


def steady(state: dict[str, object]) -> dict[str, object]:
    """All but the second in which it was resolved, which is that of the run."""
    return {name: bool(value) if name == "resolved_at" else value for name, value in state.items()}

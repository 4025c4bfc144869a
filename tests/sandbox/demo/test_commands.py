"""`flask demo …`: what testers from outside rely on, and a demo that is plausible on every screen."""

from __future__ import annotations

import json

import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db
from app.domain.connections.models import Medium
from app.domain.events.models import OutboxEntry
from app.domain.reply_templates.models import ReplyTemplate, ReplyTemplateUse
from app.domain.sla.models import BusinessCalendar, SlaClock
from app.domain.tasks.models import Task, TaskStatus
from app.domain.threads.models import Message, Thread
from app.sandbox.demo.commands import PASSWORD
from app.sandbox.demo.load import COMPANIES, THREADS
from app.sandbox.demo.order_mail import MAILS
from app.sandbox.demo.partners import PARTNERS, PERSON, UNKNOWN_SKU

BRANDS = [brand for company in COMPANIES for brand in company.brands]
KEYS = {"channel_type", "channel_name", "webhook_url", "verify_token", "signing_secret"}


def test_loading_twice_loads_once_and_says_when_the_simulators_are_away(loadings: list[Result]) -> None:
    first, second = loadings
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert f"loaded {THREADS} threads" in first.output
    assert "the demo is loaded already" in second.output
    assert "channels are not connected" in second.output


def test_the_demo_promises_nothing_but_to_connect_its_channels_and_fills_every_screen(
    demo_app: Flask, loadings: list[Result]
) -> None:
    with demo_app.app_context(), db.session() as session:
        orders_of_partners = sum(partner.orders for partner in PARTNERS)  # each with a thread of its own
        threads = session.execute(sa.select(sa.func.count()).select_from(Thread)).scalar_one()
        assert threads == THREADS + orders_of_partners + len(MAILS)
        assert set(session.execute(sa.select(OutboxEntry.handler)).scalars()) == {
            "subscribe_channel",
            "read_templates_of_channel",
            *("push_thread_change", "push_task_change", "tell_of_new_work", "push_notification"),  # of orders and visits
        }
        assert session.execute(sa.select(sa.func.max(Message.occurred_at))).scalar_one() <= utc_now()
        assert set(session.execute(sa.select(Thread.medium).distinct()).scalars()) == set(Medium)
        assert len(session.execute(sa.select(Thread.status).distinct()).all()) >= 5
        assert all("{" not in text for text in session.execute(sa.select(Message.text)).scalars())
        _has_tasks_of_every_state_some_of_them_late(session)
        _has_templates_that_were_used_and_one_that_was_edited(session)


def test_every_demo_user_is_printed_with_the_password(demo_runner: FlaskCliRunner) -> None:
    lines = demo_runner.invoke(args=["demo", "signins"]).output.splitlines()
    emails = [*(user.email for company in COMPANIES for user in company.users), PERSON[2]]
    assert [line.split()[:2] for line in lines] == [[email, PASSWORD] for email in emails]


def test_the_secrets_name_every_channel_and_what_the_provider_calls_it(
    demo_runner: FlaskCliRunner, loadings: list[Result]
) -> None:
    told = json.loads(demo_runner.invoke(args=["demo", "secrets", "--json"]).output)
    entries = [entry for entry in told if "partner" not in entry]
    assert {entry["partner"] for entry in told if "partner" in entry} == {partner.slug for partner in PARTNERS}
    assert all(entry.keys() >= KEYS for entry in entries)
    chats = [entry for entry in entries if entry["channel_type"] == "whatsapp_business"]
    assert {entry["phone_number_id"] for entry in chats} == {brand.phone_number_id for brand in BRANDS if brand.phone_number_id}
    assert all(entry["webhook_url"].endswith("/webhooks/whatsapp") and entry["signing_secret"] for entry in chats)
    mails = [entry for entry in entries if entry["channel_type"].startswith("email")]
    routes = {entry["webhook_url"] for entry in mails if entry["webhook_url"]}
    assert all(url.rpartition("/inbound/")[2] for url in routes)  # an address without its key is nowhere
    assert routes
    assert {entry["mailbox"] for entry in mails if not entry["webhook_url"]}
    assert {entry["mailbox"] for entry in mails} >= {brand.mailbox for brand in BRANDS}


def test_without_demo_the_application_gives_no_secrets(app: Flask) -> None:
    answer = app.test_cli_runner().invoke(args=["demo", "secrets", "--json"])
    assert answer.exit_code != 0
    assert "signing_secret" not in answer.output


def _has_tasks_of_every_state_some_of_them_late(session: Session) -> None:
    tasks = session.scalars(sa.select(Task)).all()
    assert {task.status for task in tasks} == set(TaskStatus) - {TaskStatus.CANCELLED}
    assert any(task.is_open and task.due_at is not None and task.due_at < utc_now() for task in tasks)
    unmapped = [task for task in tasks if UNKNOWN_SKU in task.title]  # whoever knows the article takes those
    assert unmapped
    missed = [task for task in tasks if task.called_in_message_id]  # of a call in a thread that nobody has, too
    assert all(task.thread_id and (task.assignee_user_id or task in (*unmapped, *missed)) for task in tasks)


def _has_templates_that_were_used_and_one_that_was_edited(session: Session) -> None:
    templates = session.execute(sa.select(ReplyTemplate).where(~ReplyTemplate.for_visits)).scalars().all()
    assert len(templates) == sum(len(company.templates) for company in COMPANIES)
    assert {template.language for template in templates} == {"nl", "en", "fr"}
    edited = {template.name for template in templates if template.version == 2}
    assert edited == {company.templates[0][0] for company in COMPANIES}
    used = set(session.execute(sa.select(ReplyTemplateUse.template_id).distinct()).scalars())
    assert used == {template.id for template in templates}


def test_the_demo_has_deadlines_to_come_and_passed_and_tells_nobody_of_the_old_ones(
    demo_app: Flask, loadings: list[Result]
) -> None:
    with demo_app.app_context():
        now = utc_now()
        due = list(db.session.execute(sa.select(Thread.response_due_at).where(Thread.response_due_at.is_not(None))).scalars())
        assert sum(at > now for at in due) > 3
        assert sum(at <= now for at in due) > 3
        assert db.session.execute(sa.select(sa.func.count()).where(SlaClock.next_step_at <= now)).scalar_one() == 0
        of_quebec = sum(brand.country == "CA" for brand in BRANDS)
        assert db.session.execute(sa.select(sa.func.count(BusinessCalendar.id))).scalar_one() == 3 + of_quebec

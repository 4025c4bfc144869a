"""The demo company: loaded once, quickly, and plausible on every screen."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.demo.load import THREADS, load_demo
from app.demo.templates import TEMPLATES
from app.events.models import OutboxEntry
from app.inbox.models import Message, Thread
from app.reply_templates.models import ReplyTemplate, ReplyTemplateUse
from app.tasks.models import Task, TaskStatus

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def test_the_demo_loads_once_promises_nothing_but_to_connect_its_channels_and_fills_every_screen(
    app_context: Flask, db_session: Session
) -> None:
    assert load_demo(db_session, keyring=runtime().keyring, password_hash="x", now=NOW) == THREADS
    assert load_demo(db_session, keyring=runtime().keyring, password_hash="x", now=NOW) == 0
    db_session.flush()
    assert db_session.execute(sa.select(sa.func.count()).select_from(Thread)).scalar_one() == THREADS
    assert set(db_session.execute(sa.select(OutboxEntry.handler)).scalars()) == {"subscribe_channel"}
    assert db_session.execute(sa.select(sa.func.max(Message.occurred_at))).scalar_one() <= NOW
    assert set(db_session.execute(sa.select(Thread.medium).distinct()).scalars()) == {"email", "whatsapp"}
    assert len(db_session.execute(sa.select(Thread.status).distinct()).all()) >= 5
    assert all("{" not in text for text in db_session.execute(sa.select(Message.text)).scalars())
    _has_tasks_of_every_state_some_of_them_late(db_session)
    _has_templates_that_were_used_and_one_that_was_edited(db_session)


def _has_tasks_of_every_state_some_of_them_late(session: Session) -> None:
    tasks = session.scalars(sa.select(Task)).all()
    assert {task.status for task in tasks} == set(TaskStatus) - {TaskStatus.CANCELLED}
    assert any(task.is_open and task.due_at is not None and task.due_at < NOW for task in tasks)
    assert all(task.thread_id and task.assignee_user_id for task in tasks)


def _has_templates_that_were_used_and_one_that_was_edited(session: Session) -> None:
    templates = session.execute(sa.select(ReplyTemplate)).scalars().all()
    assert len(templates) == len(TEMPLATES)
    assert {template.language for template in templates} == {"nl", "en"}
    assert [template.name for template in templates if template.version == 2] == [TEMPLATES[0][0]]
    used = set(session.execute(sa.select(ReplyTemplateUse.template_id).distinct()).scalars())
    assert used == {template.id for template in templates}

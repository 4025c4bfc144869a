"""A desk with some days of work whose facts are settled, and somebody at the pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.accounts.models import User
from app.domain.threads.models import Thread
from tests.domain.analytics.conftest import Reports
from tests.domain.sla.conftest import Desk, make_desk
from tests.support.database import again, back_to, ground_session
from tests.support.desk import PageDesk
from tests.support.pages import PageClient

DAYS = 4
ROWS = ("brand", "mail", "chat", "alice", "bob", "lena", "noah")


class Office(PageDesk):
    """The desk after its days, what waits there, and Lena, who leads, at the pages."""

    def __init__(self, desk: Desk, waiting: Thread, client: PageClient) -> None:
        super().__init__(client, desk.session)
        self.desk, self.waiting, self.reports = desk, waiting, Reports(desk)
        self.as_user(desk.lena)


def work_some_days(desk: Desk) -> Thread:
    """Four days with three matters each; returns one that waits now."""
    today = utc_now().replace(hour=11, minute=0, second=0, microsecond=0)
    for back in range(DAYS, 0, -1):
        desk.now = today - timedelta(days=back)
        for number, writer in enumerate((desk.bob, desk.alice, desk.alice)):
            matter(desk, number, writer)
    desk.now = utc_now()
    waiting = desk.thread()
    desk.ask(waiting)
    return waiting


def matter(desk: Desk, number: int, writer: User) -> None:
    reports = Reports(desk)
    thread = desk.thread(desk.chat if number == 2 else desk.mail, value=f"{number}@example.nl")
    reports.assign(thread, writer)
    desk.ask(thread)
    desk.now += timedelta(minutes=5 + 7 * number)
    desk.answer(thread, sender_user_id=writer.id)
    if number != 1:
        reports.resolve(thread)


@pytest.fixture(scope="module")
def worked(shared_app: Flask, ground: sa.Connection) -> tuple[Desk, Thread]:
    """The days, put in place once for all tests of a module."""
    with ground_session(ground) as session, shared_app.app_context():
        desk = make_desk(session)
        waiting = work_some_days(desk)
        Reports(desk).settle()
        session.commit()
        return desk, waiting


@pytest.fixture
def connection(worked: tuple[Desk, Thread], ground: sa.Connection) -> Iterator[sa.Connection]:
    with back_to(ground) as connection:
        yield connection


@pytest.fixture
def office(worked: tuple[Desk, Thread], app_context: Flask, db_session: Session, page_client: PageClient) -> Office:
    desk, waiting = worked
    rows = {name: again(db_session, getattr(desk, name)) for name in ROWS}
    return Office(replace(desk, session=db_session, **rows), again(db_session, waiting), page_client)

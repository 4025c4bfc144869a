"""A desk with some days of work whose facts are settled, and somebody at the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.clock import utc_now
from app.domain.accounts.models import User
from tests.domain.analytics.conftest import Reports
from tests.domain.analytics.conftest import reports as reports
from tests.domain.sla.conftest import desk as desk
from tests.support.desk import PageDesk
from tests.support.pages import PageClient

DAYS = 4


class Office(PageDesk):
    """Four days with three matters each, one that waits now, and Lena, who leads, at the pages."""

    def __init__(self, reports: Reports, client: PageClient) -> None:
        super().__init__(client, reports.session)
        self.reports, self.desk = reports, reports.desk
        today = utc_now().replace(hour=11, minute=0, second=0, microsecond=0)
        for back in range(DAYS, 0, -1):
            self.desk.now = today - timedelta(days=back)
            for number, writer in enumerate((self.desk.bob, self.desk.alice, self.desk.alice)):
                self.matter(number, writer)
        self.desk.now = utc_now()
        self.waiting = self.desk.thread()
        self.desk.ask(self.waiting)
        reports.settle()
        self.as_user(self.desk.lena)

    def matter(self, number: int, writer: User) -> None:
        desk = self.desk
        thread = desk.thread(desk.chat if number == 2 else desk.mail, value=f"{number}@example.nl")
        self.reports.assign(thread, writer)
        desk.ask(thread)
        desk.now += timedelta(minutes=5 + 7 * number)
        desk.answer(thread, sender_user_id=writer.id)
        if number != 1:
            self.reports.resolve(thread)


@pytest.fixture
def office(reports: Reports, page_client: PageClient) -> Office:
    return Office(reports, page_client)

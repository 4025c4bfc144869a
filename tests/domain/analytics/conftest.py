"""A desk with a time of its own whose facts are settled on demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.domain.accounts.models import User
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.kinds import Kind
from app.domain.analytics.models import ReportFact, ReportScope
from app.domain.analytics.reading import Wanted
from app.domain.analytics.settle import settle_batch
from app.domain.analytics.slices import Slice
from app.domain.events.actions import Actor
from app.domain.threads.actions import assign_thread, change_status
from app.domain.threads.models import Thread, ThreadStatus
from tests.domain.sla.conftest import Desk
from tests.domain.sla.conftest import desk as desk


class Reports:
    """The desk's facts."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.session = desk, desk.session

    def settle(self) -> None:
        for _count in self.batches():
            self.session.expire_all()

    def batches(self) -> Iterator[int]:
        """Settle batch by batch, each a transaction as in the job."""
        while count := settle_batch(self.session, now=self.desk.now):
            self.session.commit()
            yield count

    def facts(self, kind: Kind, *, as_of: datetime | None = None) -> Sequence[Row[tuple[ReportFact, ReportScope]]]:
        query = sa.select(ReportFact, ReportScope).join(ReportScope).where(ReportFact.kind == int(kind))
        if as_of is None:
            query = query.where(ReportFact.removed_at.is_(None))
        else:
            later = sa.or_(ReportFact.removed_at.is_(None), ReportFact.removed_at > as_of)
            query = query.where(ReportFact.recorded_at <= as_of, later)
        return self.session.execute(query.order_by(ReportFact.at, ReportFact.id)).all()

    def fact(self, kind: Kind) -> tuple[ReportFact, ReportScope]:
        (found,) = self.facts(kind)
        return found[0], found[1]

    def figures(self, slice: Slice) -> Breakdown:
        (found,), _state = read_breakdowns(self.session, Wanted([slice]))
        return found

    def resolve(self, thread: Thread, by: User | None = None) -> None:
        actor = Actor((by or self.desk.alice).id)
        change_status(self.session, thread_id=thread.id, status=ThreadStatus.RESOLVED, actor=actor, now=self.desk.now)

    def assign(self, thread: Thread, to: User | None, by: User | None = None) -> None:
        actor, user_id = Actor((by or self.desk.lena).id), to.id if to else None
        assign_thread(self.session, thread_id=thread.id, assignee_user_id=user_id, actor=actor, now=self.desk.now)

    def everything(self) -> list[tuple[object, ...]]:
        """All facts that hold, without what only says when they were written."""
        names = ("kind", "at", "local_day", "local_hour", "scope_id", "subject_id", "thread_id", "ref", "open_seconds", "met")
        columns = [getattr(ReportFact, name) for name in names]
        query = sa.select(*columns).where(ReportFact.removed_at.is_(None)).order_by(*columns)
        return [tuple(row) for row in self.session.execute(query)]


@pytest.fixture
def reports(desk: Desk, db_session: Session) -> Reports:
    return Reports(desk)

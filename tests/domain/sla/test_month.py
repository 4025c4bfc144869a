"""A month of simulated operation: every escalation step once and in time, none for what is paused or resolved.

`SLA_THREADS=5000 pytest tests/domain/sla/test_month.py -s` is the long run.
"""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis
import sqlalchemy as sa
from flask import Flask

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.events.models import Event
from app.domain.sla.jobs import reach_steps
from app.domain.sla.models import SlaStep
from tests.domain.sla.conftest import Desk, make_desk
from tests.domain.sla.month import Month
from tests.support.database import TestServers
from tests.support.full import amount

THREADS = int(os.environ.get("SLA_THREADS", amount(30, full=60)))
LATEST_SECONDS = 5


@pytest.mark.timeout(7200)
def test_a_month_has_every_step_once_in_time_and_no_other(desk: Desk, servers: TestServers) -> None:
    with redis.Redis.from_url(servers.redis_url) as valkey:
        month = Month(desk, random.Random(20260320), valkey)
        month.run(threads=THREADS, days=30)
    expected, reached = month.expected, month.reached()
    assert {key: at for key, at in expected.items() if key not in reached} == {}, "these never came"
    assert {key: at for key, at in reached.items() if key not in expected} == {}, "these had no reason to come"
    late = [reached[key] - at for key, at in expected.items()]
    assert 0 <= min(late) <= max(late) <= LATEST_SECONDS
    assert month.told() == len(reached) > THREADS
    assert month.restarts > 3
    counts = f"{month.threads()} threads, {len(reached)} steps, {month.ticks} ticks, {month.restarts} restarts"
    print(f"\n{counts}, at most {max(late)} s late")


def test_four_schedulers_at_once_carry_out_each_step_once(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        with transaction() as session:
            desk = make_desk(session)
            desk.now = utc_now() - timedelta(days=7)  # a weekend, however it falls, leaves business hours enough
            for number in range(60):
                desk.ask(desk.thread(value=f"{number}@example.nl"))

        def tick(_number: int) -> int:
            with fresh_app.app_context():
                return reach_steps()

        with ThreadPoolExecutor(4) as schedulers:
            list(schedulers.map(tick, range(8)))
        steps = db.session.execute(sa.select(sa.func.count(SlaStep.id))).scalar_one()
        events = db.session.execute(sa.select(sa.func.count()).where(Event.type == "EscalationStepReached")).scalar_one()
        each = sa.select(SlaStep.thread_id, SlaStep.kind, SlaStep.step).distinct().subquery()
        assert steps == events == db.session.execute(sa.select(sa.func.count()).select_from(each)).scalar_one()
        assert steps > 0
        assert reach_steps() == 0

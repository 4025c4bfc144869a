"""One order posted 200 times at once, to four processes of the application: it is there once, and everybody is answered."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.db import db
from app.core.runtime import runtime
from app.domain.orders.models import Order
from app.domain.partners.actions import NewKey
from app.domain.partners.models import PartnerOrder
from app.domain.threads.models import Thread
from app.domain.webhooks.models import WebhookMessage
from tests.api.partners.conftest import Program, body
from tests.domain.partners.factories import make_partner, make_partner_key
from tests.factories import make_brand

PROCESSES, POSTS = 4, 50
FORK = multiprocessing.get_context("fork")
AT_ONCE = FORK.Barrier(PROCESSES * POSTS)
ENOUGH = 10_000  # calls a minute
MINE: list[tuple[Flask, NewKey]] = []
ONCE: tuple[Any, ...] = (PartnerOrder, Order, Thread, WebhookMessage)


@dataclass(frozen=True)
class Answered:
    """What one of those who post got."""

    status: int
    data: str
    is_duplicate: bool


def begin(app: Flask, key: NewKey) -> None:
    """A process of its own, with connections of its own."""
    MINE.append((app, key))
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)


def post_many(_process: int) -> list[Answered]:
    """As many clients as posts, which begin together with those of the other processes."""
    ((app, key),) = MINE

    def post(_number: int) -> Answered:
        program = Program(app.test_client(), key)
        AT_ONCE.wait()
        answer = program.post(body())
        told: dict[str, Any] = answer.get_json()
        return Answered(answer.status_code, str(told.get("data")), told.get("duplicate", False))

    with ThreadPoolExecutor(POSTS) as threads:
        return list(threads.map(post, range(POSTS)))


@pytest.mark.processes
def test_200_duplicates_over_four_processes_make_one_order(fresh_app: Flask) -> None:
    with fresh_app.app_context(), db.session() as session:
        partner = make_partner(session, make_brand(session), calls_per_minute=ENOUGH)
        key = make_partner_key(session, partner, runtime().keyring)
        session.commit()
    with ProcessPoolExecutor(PROCESSES, FORK, begin, (fresh_app, key)) as processes:
        answers = [answer for one in processes.map(post_many, range(PROCESSES)) for answer in one]
    assert Counter((one.status, one.is_duplicate) for one in answers) == {(201, False): 1, (200, True): 199}
    assert len({one.data for one in answers}) == 1
    with fresh_app.app_context(), db.session() as session:
        counts = [session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one() for model in ONCE]
        assert counts == [1] * len(ONCE)
        assert session.execute(sa.select(PartnerOrder.repeats)).scalar_one() == 199

"""A few orders of partners are written at once in a process; the others wait without a connection to the database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
from flask import Flask

from app.api.partners.orders import AT_ONCE
from app.core.db import db
from app.core.runtime import runtime
from app.domain.partners.models import Environment
from tests.api.partners.conftest import ORDERS
from tests.api.partners.test_many_orders import order
from tests.domain.partners.factories import make_partner, make_partner_key
from tests.factories import make_brand
from tests.support.waiting import wait_until

SENDERS = 12
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"


def test_no_more_than_a_few_wait_for_the_brand_s_next_number(fresh_app: Flask) -> None:
    with fresh_app.app_context(), db.session() as session:
        brand = make_brand(session)
        partner = make_partner(session, brand, calls_per_minute=10_000)
        key = make_partner_key(session, partner, runtime().keyring, Environment.LIVE).text
        session.commit()
    answered = threading.Barrier(SENDERS + 1)

    def post(number: int) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        status = fresh_app.test_client().post(ORDERS, json=order(number), headers=headers).status_code
        answered.wait(60)
        return status

    assert post_one(fresh_app, key) == 201
    address = fresh_app.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as other, ThreadPoolExecutor(SENDERS) as pool:
        with psycopg.connect(address) as holder:
            holder.execute("SELECT * FROM order_counters FOR UPDATE")
            sent = [pool.submit(post, number) for number in range(1, SENDERS + 1)]
            wait_until(lambda: count(other, WAITING) == AT_ONCE, "those whose turn it is wait")
            assert count(other, OPEN) <= 1, "nobody else holds a transaction open but the one who holds the number"
        answered.wait(60)
        assert {one.result() for one in sent} == {201}


def post_one(app: Flask, key: str) -> int:
    return app.test_client().post(ORDERS, json=order(99), headers={"Authorization": f"Bearer {key}"}).status_code


def count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])

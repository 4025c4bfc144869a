"""A few orders of partners are written at once in a process; the others wait without a connection to the database."""

from __future__ import annotations

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
from tests.support.queries import counted_queries
from tests.support.waiting import wait_until

SENDERS = 12
THE_DOOR = "FROM partner_keys JOIN partners"  # asked once by each, before its turn
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"


def test_no_more_than_a_few_wait_for_the_brand_s_next_number(fresh_app: Flask) -> None:
    with fresh_app.app_context(), db.session() as session:
        brand = make_brand(session)
        partner = make_partner(session, brand, calls_per_minute=10_000)
        key = make_partner_key(session, partner, runtime().keyring, Environment.LIVE).text
        session.commit()
    assert post(fresh_app, key, 99) == 201
    address = fresh_app.config["SQLALCHEMY_DATABASE_URI"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as other, ThreadPoolExecutor(SENDERS) as pool:
        with psycopg.connect(address) as holder, counted_queries(fresh_app) as seen:
            holder.execute("SELECT * FROM order_counters FOR UPDATE")
            sent = [pool.submit(post, fresh_app, key, number) for number in range(1, SENDERS + 1)]
            wait_until(lambda: sum(THE_DOOR in statement for statement in seen) == SENDERS, "all are inside")
            wait_until(lambda: count(other, WAITING) >= AT_ONCE, "those whose turn it is wait")
            wait_until(lambda: count(other, OPEN) <= 1, "nobody holds a transaction open but who holds the number", seconds=20)
            assert count(other, WAITING) == AT_ONCE, "those whose turn it is not wait without a connection"
        assert {one.result() for one in sent} == {201}


def post(app: Flask, key: str, number: int) -> int:
    return app.test_client().post(ORDERS, json=order(number), headers={"Authorization": f"Bearer {key}"}).status_code


def count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])

"""Numbers of orders: a prefix per brand, a year in Amsterdam, no gap and no twin however many ask at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.domain.accounts.models import Brand
from app.domain.orders.models import Order
from app.domain.orders.numbers import take_order_number
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_brand, make_contact

WORKERS, EACH = 6, 12


def test_a_number_is_the_brands_prefix_the_year_and_a_counter(db_session: Session) -> None:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    assert [take_order_number(db_session, brand.id, now=NOW) for _ in range(2)] == ["CC-2026-00001", "CC-2026-00002"]
    assert take_order_number(db_session, other.id, now=NOW) == "LT-2026-00001"


def test_two_brands_never_share_a_prefix(db_session: Session) -> None:
    names = [("chargecars", "ChargeCars"), ("carchoice", "Car Choice"), ("cc", "C"), ("9", "é"), ("x", "")]
    brands = [make_brand(db_session, key, name) for key, name in names]
    numbers = [take_order_number(db_session, brand.id, now=NOW) for brand in brands]
    assert len(set(numbers)) == len(brands)
    assert numbers[:2] == ["CC-2026-00001", "CA-2026-00001"]


def test_the_year_begins_at_midnight_in_amsterdam(db_session: Session) -> None:
    brand = make_brand(db_session, name="ChargeCars")
    assert take_order_number(db_session, brand.id, now=datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == "CC-2026-00001"
    assert take_order_number(db_session, brand.id, now=datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == "CC-2027-00001"
    assert take_order_number(db_session, brand.id, now=datetime(2026, 6, 1, tzinfo=UTC)) == "CC-2026-00002"


def test_orders_written_at_once_and_orders_given_up_leave_no_gap(fresh_app: Flask) -> None:
    """Six workers write orders of two brands; every third gives its order up after it had its number."""
    with fresh_app.app_context(), transaction() as session:
        brands = [make_brand(session, name="ChargeCars"), make_brand(session, "laderthuis", "LaderThuis")]
        contact = make_contact(session)
    start = threading.Barrier(WORKERS)

    def work(worker: int) -> None:
        with fresh_app.app_context():
            start.wait()
            for turn in range(EACH):
                try:
                    with transaction() as session:
                        make_order(session, brands[(worker + turn) % 2], contact)
                        give_up(every_third=turn)
                except GivenUp:
                    pass

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    with fresh_app.app_context(), transaction() as session:
        for prefix, brand in (("CC", brands[0]), ("LT", brands[1])):
            assert _numbers(session, brand) == [f"{prefix}-2026-{place:05}" for place in range(1, WORKERS * EACH // 3 + 1)]


class GivenUp(Exception):
    """What an order is rolled back with."""


def give_up(*, every_third: int) -> None:
    if every_third % 3 == 2:
        raise GivenUp


def _numbers(session: Session, brand: Brand) -> list[str]:
    query = sa.select(Order.order_number).where(Order.brand_id == brand.id).order_by(Order.order_number)
    return list(session.execute(query).scalars())

"""Sixty-four attempts on one order: one of them wins, the others are told."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from app.core.db import db, transaction
from app.domain.events.actions import SYSTEM
from app.domain.orders.models import Order
from app.domain.transitions.actions import TransitionRefused, change_entity_status
from app.domain.transitions.queries import list_history
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_brand, make_contact

ATTEMPTS, WORKERS = 64, 8


def test_of_many_who_change_at_once_one_wins_and_the_history_has_no_gap(fresh_app: Flask) -> None:
    with fresh_app.app_context(), transaction() as session:
        order_id = make_order(session, make_brand(session), make_contact(session)).id
    start = threading.Barrier(WORKERS)

    def attempt(number: int) -> str:
        if number < WORKERS:
            start.wait()
        with fresh_app.app_context():
            try:
                with transaction() as session:
                    change_entity_status(
                        session,
                        entity_type="order",
                        entity_id=order_id,
                        to_status=("on_hold", "cancelled", "approved")[number % 3],
                        transition_reason="Toch maar zo",
                        expected_from="new",
                        request_key=str(number),
                        now=NOW,
                        actor=SYSTEM,
                    )
            except TransitionRefused as refused:
                return refused.code
        return "done"

    with ThreadPoolExecutor(WORKERS) as pool:
        outcomes = Counter(pool.map(attempt, range(ATTEMPTS)))
    with fresh_app.app_context():
        rows = list_history(db.session(), "order", [order_id])
        assert [row.transition.seq for row in rows] == [1, 2]
        assert db.session().get_one(Order, order_id).status == rows[-1].transition.to_status
    # Who wanted the same as the winner finds it done.
    assert set(outcomes) == {"done", "status_moved_on"}
    assert outcomes.total() == ATTEMPTS

"""Accept orders that partners post, once for each order number of the partner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Response, g

from app.api.partners.door import current_caller, current_partner, json_answer, operation, read_json
from app.api.partners.shapes import read_order, read_own_order
from app.core.clock import utc_now
from app.core.db import let_go, transaction
from app.core.prepared import KEPT
from app.core.problems import Problem
from app.core.runtime import runtime
from app.core.semaphore import LocalSlots, NoSlot
from app.domain.partners.incoming import PROCESSING_TIME, RECEIVED, IncomingOrder
from app.domain.partners.models import PartnerOrder, Scope
from app.domain.partners.own_bodies import translate
from app.domain.partners.take_order import Taken, take_order

ORDERS = ("/api/v1/partners/<partner>/orders", "/partners/<partner>/orders")
OWN_BODIES = ("/api/v1/webhooks/partner-orders/<partner>", "/webhooks/partner-orders/<partner>")
AT_ONCE, WAIT_SECONDS = 4, 15.0
_TURNS = LocalSlots()


@operation("POST", *ORDERS, scope=Scope.ORDERS_WRITE)
def post_order(partner: str) -> Response:
    """Accept an order. The status is 201 for a new order. For a number that was posted before, it is 200 with the existing
    order."""
    body = read_json()
    g.partner_order_id = str(body.get("partner_order_id", ""))
    return _take(read_order(body))


@operation("POST", *OWN_BODIES, scope=Scope.ORDERS_WRITE)
def post_own_body(partner: str) -> Response:
    """Accept an order in the partner's own shape, translated by the mapping that was agreed with the partner.

    Raises `Problem` if no mapping was agreed.
    """
    body, rows = read_json(), current_partner().body_mapping
    let_go()
    if not rows:
        raise Problem("state_conflict", "No mapping of bodies in your own shape is agreed: post to …/orders, or ask your contact")
    made = translate(rows, body)
    g.partner_order_id = str(made.body.get("partner_order_id", ""))
    return _take(read_own_order(made, body))


def _take(incoming: IncomingOrder) -> Response:
    caller = current_caller()
    with _in_turn(), transaction() as session:
        session.connection(execution_options=KEPT)  # keeps prepared statements: every order runs the same ones
        taken = take_order(session, current_partner(), caller.environment, incoming, now=utc_now())
        answer = _answer(taken)
    runtime().nudger.nudge()
    response = json_answer(answer, 201 if taken.is_new else 200)
    path = f"/api/v1/partners/{caller.slug}/orders/{incoming.partner_order_id}/status"
    response.headers["Location"] = path
    if not taken.is_new:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@contextmanager
def _in_turn() -> Iterator[None]:
    """Limit how many orders this process handles at once. Raises `Problem` if no slot is free after WAIT_SECONDS.

    The order numbers of a brand are assigned one after the other, so further requests would only hold database connections.
    """
    try:
        with _TURNS.one_of("partner orders", at_once=AT_ONCE, wait_seconds=WAIT_SECONDS):
            yield
    except NoSlot as error:
        raise Problem("temporary-reduced-capacity", headers={"Retry-After": "5"}) from error


def _answer(taken: Taken) -> dict[str, Any]:
    row = taken.row
    answer: dict[str, Any] = {"success": True, "data": received(row)}
    if not taken.is_new:
        answer["duplicate"] = True
    if taken.changed_fields:
        answer |= {"payload_differs": True, "changed_fields": list(taken.changed_fields)}
    if row.warnings:
        answer["warnings"] = row.warnings
    if row.unmapped_skus:
        answer["unmapped_skus"] = row.unmapped_skus
    return answer


def received(row: PartnerOrder) -> dict[str, str]:
    """Return the data of the answer to a posted order. A repeated post gets the same data."""
    return {
        "chargecars_order_id": row.order_number,
        "chargecars_order_uuid": str(row.order_id or row.id),
        "status": RECEIVED,
        "estimated_processing_time": PROCESSING_TIME,
    }

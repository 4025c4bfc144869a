"""Serve orders to partners: one order, its state, and the orders changed since a time. Also let partners cancel an order."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any

from flask import Response, g, request
from pydantic import Field, StringConstraints, field_validator
from werkzeug.http import parse_etags

from app.api.partners.door import POLL, current_caller, current_partner, json_answer, operation, read_json, spend
from app.api.partners.orders import ORDERS
from app.api.partners.shapes import Sent, Words, read
from app.api.schemas.base import Query
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.limits import Limit
from app.core.problems import Problem
from app.core.runtime import runtime
from app.domain.orders.models import OrderStatus
from app.domain.partners.models import PartnerOrder, Scope
from app.domain.partners.move_order import move_order
from app.domain.partners.queries import find_partner_order, find_visit, list_changed_orders
from app.domain.partners.reported import PartnerOrderMissing, lock_partner_order
from app.domain.partners.status_map import NO_MAPPING, their_word

ONE = tuple(f"{path}/<path:partner_order_id>" for path in ORDERS)
# Paths without a slug are for the partner whose key it is.
STATUS = (
    *(f"{path}/status" for path in ONE),
    "/api/v1/orders/<path:partner_order_id>/status",
    "/orders/<path:partner_order_id>/status",
)
ONCE_A_MINUTE = Limit(POLL, 1, 60)
NO_SUCH_ORDER = "There is no order of this number"


class ListAsked(Query):
    """The parameters of the list of orders."""

    updated_since: datetime | None = None
    cursor: Annotated[str, StringConstraints(max_length=1000)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    @field_validator("updated_since")
    @classmethod
    def _has_a_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs a zone, such as 2026-11-20T00:00:00Z")
        return value


class CancelSent(Sent):
    """A request to cancel an order, with its reason."""

    reason: Words = ""


@operation("GET", *ORDERS, scope=Scope.ORDERS_READ)
def list_orders(partner: str) -> Response:
    """List the partner's orders, the earliest change first. To get later changes, send the newest `updated_at` as
    `updated_since`."""
    asked, caller = read(ListAsked, request.args.to_dict()), current_caller()
    page = list_changed_orders(
        db.session(),
        partner_id=caller.partner_id,
        environment=caller.environment,
        updated_since=asked.updated_since,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    items = [_state(row) for row in page.items]
    return json_answer({"success": True, "data": {"items": items, "next_cursor": page.next_cursor}})


@operation("GET", *STATUS, scope=Scope.ORDERS_READ)
def get_order_status(partner_order_id: str, partner: str = "") -> Response:
    """Return the state of one order. Each key may ask once a minute for each order.

    If the state is the one in If-None-Match, the status is 304 and the body is empty.
    """
    row = find_own(partner_order_id)
    spend(ONCE_A_MINUTE, f"{current_caller().key_id}:{row.id}")
    data = _state(row)
    visit = find_visit(db.session(), row.order_id) if row.order_id else None
    if visit is not None:
        data |= {"scheduled_date": visit.day.isoformat(), "installer": visit.technician or None}
    return _conditional({"success": True, "data": data}, row)


@operation("GET", *ONE, scope=Scope.ORDERS_READ)
def get_order(partner_order_id: str, partner: str = "") -> Response:
    """Return one order as the partner posted it, with its state and the warnings of the answer to that post."""
    row = find_own(partner_order_id)
    told = {"warnings": row.warnings, "unmapped_skus": row.unmapped_skus, "order": row.payload}
    return json_answer({"success": True, "data": {**_state(row), **told}})


@operation("POST", *(f"{path}/cancel" for path in ONE), scope=Scope.ORDERS_WRITE)
def cancel_order(partner_order_id: str, partner: str = "") -> Response:
    """Cancel an order. If it is cancelled already, nothing changes.

    If it can no longer be cancelled, raises `Problem` that lists the possible states.
    """
    sent = read(CancelSent, read_json() if request.get_data(cache=True) else {})
    owner, now = current_partner(), utc_now()
    with transaction() as session:
        try:
            row = lock_partner_order(session, owner, current_caller().environment, partner_order_id)
        except PartnerOrderMissing as error:
            raise Problem("not_found", NO_SUCH_ORDER) from error
        if row.order_status != OrderStatus.CANCELLED:
            reason = f"Cancelled by {owner.name}" + (f": {sent.reason}" if sent.reason else "")
            context = {"partner_source": True, "partner_order_id": partner_order_id}
            moved = move_order(session, owner, row, OrderStatus.CANCELLED, reason=reason, context=context, now=now)
            if moved.refused:
                more = {"order_status": row.order_status, "allowed": list(moved.allowed)}
                raise Problem("state_conflict", moved.why or "It cannot be cancelled any more", more=more)
            session.refresh(row)
        data = _state(row)
    runtime().nudger.nudge()
    return json_answer({"success": True, "data": data})


def find_own(partner_order_id: str) -> PartnerOrder:
    """Return the calling partner's order with this number. Raises `Problem` if there is none."""
    caller = current_caller()
    g.partner_order_id = partner_order_id
    row = find_partner_order(
        db.session(),
        partner_id=caller.partner_id,
        environment=caller.environment,
        partner_order_id=partner_order_id,
    )
    if row is None:
        raise Problem("not_found", NO_SUCH_ORDER)
    return row


def _state(row: PartnerOrder) -> dict[str, Any]:
    word = their_word(current_partner().status_mapping, OrderStatus(row.order_status))
    state: dict[str, Any] = {
        "partner_order_id": row.partner_order_id,
        "chargecars_order_id": row.order_number,
        "chargecars_order_uuid": str(row.order_id or row.id),
        "status": row.order_status,
        "partner_status": word,
        "sequence": row.sequence,
        "created_at": _time(row.created_at),
        "updated_at": _time(row.updated_at),
    }
    return state if word else {**state, "skipped": NO_MAPPING}


def _conditional(body: dict[str, Any], row: PartnerOrder) -> Response:
    tag = etag_of(row.order_number, row.order_status, row.updated_at)
    given = request.headers.get("If-None-Match")
    is_known = given is not None and parse_etags(given).contains_weak(tag)
    response = Response(status=304) if is_known else json_answer(body)
    response.headers["ETag"], response.headers["Cache-Control"] = f'"{tag}"', "private, no-cache"
    return response


def etag_of(order_number: str, status: str, updated_at: datetime) -> str:
    """Return the ETag of an order's state: 32 hex digits of the SHA-256 of its number, status and time of the last change."""
    return hashlib.sha256(f"{order_number}|{status}|{_time(updated_at)}".encode()).hexdigest()[:32]


def _time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")

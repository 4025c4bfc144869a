"""Serve /orders: list, read, create and change orders."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, show, version_tag
from app.api.authorize import current_viewer
from app.api.brand import choose_brand_id
from app.api.idempotency import write
from app.api.references import named_thread
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.orders import (
    AddressIn,
    AddressOut,
    CustomerIn,
    LineItemIn,
    LineItemOut,
    OrderCreate,
    OrderListQuery,
    OrderOut,
    OrderPage,
    OrderUpdate,
    in_decimal,
)
from app.contract.address_parts import AddressParts, read_fields, read_line
from app.core.clock import utc_now
from app.core.db import advisory_xact_lock, db
from app.core.ids import new_id
from app.core.keyset import Sort
from app.core.problems import invalid
from app.domain.accounts.access import Viewer
from app.domain.addresses.models import Address
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import Contact
from app.domain.contacts.queries import contact_exists
from app.domain.integrations.write_thread import Said, begin_thread_of_program
from app.domain.orders import actions
from app.domain.orders.actions import NewLine, NewOrder
from app.domain.orders.models import OrderSource
from app.domain.orders.queries import LineRow, OrderConditions, OrderRow
from app.domain.orders.queries import get_order as find_order
from app.domain.orders.queries import list_orders as find_orders
from app.domain.orders.totals import TooMuchDiscount
from app.domain.threads.api_queries import contact_in_sight

routes = Routes("Orders")
CREATE = {
    "customer": {"name": "Jan Janssen", "email": "jan@example.com", "phone": "+31612345678"},
    "brand": "chargecars",
    "installation_address": {"street": "Kerkstraat", "house_number": "12", "postal_code": "1234AB", "city": "Amsterdam"},
    "line_items": [{"sku": "WALLBOX-11KW", "description": "Wallbox 11 kW", "quantity": 1}],
    "notes": "Side door of the garage",
}


@routes.add("get", "/orders", scope="orders:read", answers=OrderPage)
def list_orders(query: OrderListQuery) -> Response:
    """List orders.

    Limited to the brands the token's owner may see.
    """
    wanted = query.model_dump(exclude={"limit", "cursor", "sort", "order_status"})
    page = find_orders(
        db.session(),
        viewer=current_viewer(),
        conditions=OrderConditions(status=query.order_status, **wanted),
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    return answer(OrderPage(items=[_order_out(row) for row in page.items], next_cursor=page.next_cursor)).response()


@routes.add("get", "/orders/<uuid:id>", scope="orders:read", answers=OrderOut, refuses=(404,))
def get_order(path: IdPath) -> Response:
    """Show one order."""
    row = find_order(db.session(), viewer=current_viewer(), order_id=path.id)
    return show(_order_out(row), etag=version_tag(row.order))


@routes.add("post", "/orders", scope="orders:write", answers=OrderOut, status=201, refuses=(409,), example=CREATE)
def create_an_order(body: OrderCreate) -> Response:
    """Add an order.

    It gets the next number of its brand. Without a `thread_id` it also gets a new conversation in the inbox.
    """
    return write(lambda session: _create(session, current_viewer(), body))


@routes.change(
    "/orders/<uuid:id>",
    scope="orders:write",
    answers=OrderOut,
    example={"order_status": "approved"},
    example_of_put={"notes": "Call before coming"},
)
def update_an_order(path: IdPath, body: OrderUpdate) -> Response:
    """Change an order.

    PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update(session, current_viewer(), path.id, body))


def _create(session: Session, viewer: Viewer, body: OrderCreate) -> Answer:
    thread, now = named_thread(session, viewer, body.thread_id), utc_now()
    owner = thread.brand_id if thread else None
    brand_id = choose_brand_id(session, viewer=viewer, key=body.brand, owner=owner, owner_name="thread")
    customer_id = _customer_id(session, viewer, body)
    new = NewOrder(
        brand_id=brand_id,
        customer_contact_id=customer_id,
        source=OrderSource.API,
        status=body.order_status,
        order_type=body.order_type,
        priority=body.priority,
        address=_address(body.installation_address),
        lines=[_line(line, place) for place, line in enumerate(body.line_items)],
        notes=body.notes,
        account_contact_id=_known(session, viewer, body.account_contact_id, "account_contact_id"),
        channel_contact_ids=[_sure(session, viewer, one, "channel_contact_ids") for one in body.channel_contact_ids],
        external_references={**body.external_references, **body.partner_external_references},
        currency=body.currency or "",
        prices_include_tax=body.prices_include_tax,
        discount=in_decimal(body.discount_amount),
    )
    thread = thread or begin_thread_of_program(session, brand_id, session.get_one(Contact, customer_id), _told(new, now), now=now)
    try:
        order = actions.create_order(session, replace(new, thread_id=thread.id), now=now, actor=viewer.actor)
    except TooMuchDiscount as error:
        raise invalid("discount_amount", "is more than what it is taken from") from error
    return _answer(session, viewer, order.id, 201)


def _told(new: NewOrder, now: datetime) -> Said:
    """Return the first item of the thread of a new order: the order's lines, place and notes as text."""
    lines = [f"{line.quantity.normalize():f} × {line.description or line.article}" for line in new.lines]
    place = [new.address.typed] if new.address is not None and new.address.typed else []
    text = "\n".join([*lines, *place, *filter(None, ("", new.notes))]).strip()
    subject = lines[0].partition(" × ")[2] if lines else ""
    return Said(f"api-order:{new_id()}", subject, text, now, None, {"scenario": {"api": True}})


def _update(session: Session, viewer: Viewer, order_id: uuid.UUID, body: OrderUpdate) -> Answer:
    find_order(session, viewer=viewer, order_id=order_id)
    order, now, sent = actions.lock_order(session, order_id), utc_now(), body.model_fields_set
    check_if_match(version_tag(order))
    columns: dict[str, Any] = {name: getattr(body, name) for name in ("notes", "external_references") if name in sent}
    if "partner_external_references" in sent:
        columns["external_references"] = body.partner_external_references
    actions.edit_order(session, order_id, columns, now=now, actor=viewer.actor)
    if "priority" in sent:
        actions.set_order_priority(session, order_id, body.priority, now=now, actor=viewer.actor)
    if "order_status" in sent:
        reason = body.status_reason if "status_reason" in sent else ""
        actions.set_order_status(session, order_id, body.order_status, reason=reason, now=now, actor=viewer.actor)
    elif "status_reason" in sent:
        raise invalid("status_reason", "goes with an order_status")
    return _answer(session, viewer, order_id, 200)


def _customer_id(session: Session, viewer: Viewer, body: OrderCreate) -> uuid.UUID:
    if (body.customer_contact_id is None) == (body.customer is None):
        raise invalid("customer", "give either a customer or a customer_contact_id")
    if body.customer is None:
        assert body.customer_contact_id is not None
        return _sure(session, viewer, body.customer_contact_id, "customer_contact_id")
    return _find_or_create(session, viewer, body.customer)


def _find_or_create(session: Session, viewer: Viewer, customer: CustomerIn) -> uuid.UUID:
    ways = {"email": customer.email, "phone": customer.phone}
    identities = [IdentityInput(kind, value, display=value) for kind, value in ways.items() if value]
    now = utc_now()
    if not identities:
        return create_contact(session, ContactEdit(columns={"name": customer.name}), actor=viewer.actor, now=now).id
    for key in sorted(identity_lock_key(identity) for identity in identities):
        advisory_xact_lock(session, key)
    return find_or_create_contact(session, identities, name=customer.name, now=now).id


def _known(session: Session, viewer: Viewer, contact_id: uuid.UUID | None, field: str) -> uuid.UUID | None:
    return None if contact_id is None else _sure(session, viewer, contact_id, field)


def _sure(session: Session, viewer: Viewer, contact_id: uuid.UUID, field: str) -> uuid.UUID:
    if not contact_exists(session, contact_id=contact_id, within=contact_in_sight(viewer)):
        raise invalid(field, "there is no such contact")
    return contact_id


def _address(address: AddressIn | None) -> AddressParts | None:
    if address is None:
        return None
    whole, parts = address.full_address, address.model_dump(exclude={"full_address", "house_number_addition"})
    return read_line(whole) if whole.strip() else read_fields(addition=address.house_number_addition, **parts)


def _line(line: LineItemIn, place: int) -> NewLine:
    if not line.sku.strip() and not line.description.strip():
        raise invalid(f"line_items.{place}", "needs a sku or a description")
    price = None if line.unit_price is None else in_decimal(line.unit_price)
    description = " ".join(line.description.split())
    return NewLine(
        description,
        in_decimal(line.quantity),
        line.sku.strip(),
        price,
        line.external_item_reference,
        discount=in_decimal(line.discount_amount),
        tax_code=line.tax_code or "",
    )


def _answer(session: Session, viewer: Viewer, order_id: uuid.UUID, status: int) -> Answer:
    session.flush()
    row = find_order(session, viewer=viewer, order_id=order_id)
    location = f"/api/v1/orders/{order_id}" if status == 201 else None
    return answer(_order_out(row), status, etag=version_tag(row.order), location=location)


def _order_out(row: OrderRow) -> OrderOut:
    order = row.order
    return OrderOut(
        id=order.id,
        order_number=order.order_number,
        order_type=order.order_type,
        order_status=order.status,
        priority=order.priority,
        brand=row.brand_key,
        customer_contact_id=order.customer_contact_id,
        account_contact_id=order.account_contact_id,
        channel_contact_ids=list(order.channel_contact_ids),
        installation_address=_address_out(row.address) if row.address else None,
        line_items=[_line_out(line) for line in row.lines],
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        discount_amount=float(order.discount_amount),
        net_total=_number(order.net_total),
        tax_total=_number(order.tax_total),
        gross_total=_number(order.gross_total),
        notes=order.notes,
        source=order.source,
        thread_ids=list(row.thread_ids),
        partner_external_references=dict(order.external_references),
        external_references=dict(order.external_references),
        created_at=order.created_at,
        updated_at=order.updated_at,
    )


def _address_out(address: Address) -> AddressOut:
    names = ("street", "house_number", "house_number_addition", "postal_code", "city", "country")
    return AddressOut(full_address=address.typed, **{name: getattr(address, name) for name in names})


def _line_out(line: LineRow) -> LineItemOut:
    item = line.item
    return LineItemOut(
        id=item.id,
        line_order=item.position,
        sku=line.article.sku if line.article else None,
        description=item.description,
        quantity=float(item.quantity),
        unit_price=_number(item.unit_price),
        discount_amount=float(item.discount_amount),
        tax_code=item.tax_code,
        line_total=_number(item.line_total),
        line_item_status=item.status,
        external_item_reference=item.external_item_reference,
    )


def _number(amount: Decimal | None) -> float | None:
    """Return an amount as a JSON number, or None for None. A float is exact to fifteen digits, and no amount has as many."""
    return None if amount is None else float(amount)

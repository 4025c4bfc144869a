"""Filters of the order list: read from the form, as conditions, and as a saved view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.clock import utc_now
from app.core.db import db
from app.core.text import storable
from app.domain.accounts.queries import list_brands
from app.domain.appointments.queries import list_technicians, order_of_technician, order_overdue
from app.domain.orders.models import OrderStatus
from app.domain.orders.queries import OrderConditions
from app.domain.partners.queries import list_partner_names
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid

FIELDS = ("q", "status", "brand", "partner", "technician", "place", "overdue")


@dataclass(frozen=True)
class Filters:
    """`kept`: the fields that limit the list, as its address has them."""

    kept: Mapping[str, str]
    conditions: OrderConditions


def read_filters(args: Mapping[str, str]) -> Filters:
    """What is understood of the fields; anything else limits nothing."""
    words, place = (" ".join(storable(args.get(name, "")).split())[:200] for name in ("q", "place"))
    status = next((one for one in OrderStatus if one.value == args.get("status")), None)
    brand, partner, technician = (parse_uuid(args.get(name)) for name in ("brand", "partner", "technician"))
    is_overdue = args.get("overdue") == "yes"
    beside = [order_of_technician(technician)] if technician else []
    beside += [order_overdue(utc_now())] if is_overdue else []
    said = {
        "q": words,
        "status": status.value if status else "",
        "brand": str(brand or ""),
        "partner": str(partner or ""),
        "technician": str(technician or ""),
        "place": place,
        "overdue": "yes" if is_overdue else "",
    }
    conditions = OrderConditions(
        status=status, words=words, brand_id=brand, account_contact_id=partner, place=place, beside=tuple(beside)
    )
    return Filters({name: value for name, value in said.items() if value}, conditions)


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the selects offer, within the viewer's brands."""
    session, viewer = db.session(), current_viewer()
    partners = list_partner_names(session, brand_ids=viewer.brand_ids)
    return {
        "brand": [(str(one.id), one.name) for one in list_brands(session) if one.id in viewer.brand_ids],
        "partner": [(str(contact_id), name) for contact_id, name in partners],
        "technician": [(str(user_id), name) for user_id, name in list_technicians(session, *viewer.brand_ids)],
    }

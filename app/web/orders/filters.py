"""Read the filters of the order list from a form or URL, as query conditions and as the fields of a saved view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Sort
from app.core.text import mark as N_
from app.core.text import storable
from app.domain.accounts.queries import list_brands
from app.domain.appointments.queries import list_technicians, order_of_technician, order_overdue
from app.domain.orders.models import OrderStatus
from app.domain.orders.queries import OrderConditions
from app.domain.partners.queries import list_partner_names
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid

NEWEST = Sort("created_at", descending=True)  # the order of every list of orders
FIELDS = ("q", "status", "brand", "partner", "technician", "place", "overdue", "columns")
# What the list may show beside number and customer, in this order, and whether it does where nobody chose.
COLUMNS = {
    "lines": N_("Lines"),
    "total": N_("Total"),
    "status": N_("Status"),
    "priority": N_("Priority"),
    "source": N_("Source"),
    "brand": N_("Brand"),
    "place": N_("Town"),
    "made": N_("Created"),
}
USUAL = ("lines", "total", "status", "brand", "place", "made")


@dataclass(frozen=True)
class Filters:
    """The filters of the order list, read from its fields.

    `kept`: the filters that are set, as query parameters of the list's URL, and `columns` if not the default. `conditions`:
    the same for the query.
    """

    kept: Mapping[str, str]
    conditions: OrderConditions
    columns: tuple[str, ...] = USUAL


def read_filters(args: Mapping[str, str]) -> Filters:
    """Return the filters that the fields describe. A field with an unknown value is ignored."""
    words, place = (" ".join(storable(args.get(name, "")).split())[:200] for name in ("q", "place"))
    status = next((one for one in OrderStatus if one.value == args.get("status")), None)
    brand, partner, technician = (parse_uuid(args.get(name)) for name in ("brand", "partner", "technician"))
    is_overdue = args.get("overdue") == "yes"
    columns = _read_columns(args)
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
        "columns": "" if columns == USUAL else ",".join(columns),
    }
    conditions = OrderConditions(
        status=status, words=words, brand_id=brand, account_contact_id=partner, place=place, beside=tuple(beside)
    )
    return Filters({name: value for name, value in said.items() if value}, conditions, columns)


def _read_columns(args: Mapping[str, str]) -> tuple[str, ...]:
    """Return the chosen columns of the list, or the default columns if none are chosen.

    A link names them in one field `columns`, separated by commas. A form names them in several fields `column`.
    """
    several = args.getlist("column") if isinstance(args, MultiDict) else []
    named = several or [name for name in args.get("columns", "").split(",") if name]
    chosen = tuple(name for name in COLUMNS if name in named)
    return chosen or USUAL


def choices() -> dict[str, list[tuple[str, str]]]:
    """Return the options of the select filters as pairs (id, name), by filter. Only the viewer's brands count."""
    session, viewer = db.session(), current_viewer()
    partners = list_partner_names(session, brand_ids=viewer.brand_ids)
    return {
        "brand": [(str(one.id), one.name) for one in list_brands(session) if one.id in viewer.brand_ids],
        "partner": [(str(contact_id), name) for contact_id, name in partners],
        "technician": [(str(user_id), name) for user_id, name in list_technicians(session, *viewer.brand_ids)],
    }

"""Read and set the order settings of a brand: currency, zone, tax, limits of the board. The defaults are Dutch."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import ENDED, OrderSettings, OrderStatus
from app.domain.orders.taxes import CODES

CURRENCY = re.compile(r"[A-Z]{3}")
LIMITED = tuple(status for status in OrderStatus if status not in ENDED)  # what has ended takes nobody's time
MOST_OF_A_COLUMN = 999
ZONE = "Europe/Amsterdam"  # of a brand without settings
_OF_COUNTRY = {"CA": ("CAD", "qc"), "BE": ("EUR", "be_21")}


class WrongSettings(ValueError):
    """Raised when a field of `OrderSettings` gets a wrong value. The message is the name of the field."""


def settings_of(session: Session, brand_id: uuid.UUID) -> OrderSettings:
    """Return the brand's order settings, or the defaults if it has none. Callers must not change the result."""
    found = session.get(OrderSettings, brand_id)
    return found or OrderSettings(**vars_of("EUR", ZONE, "nl_21"), brand_id=brand_id, column_limits={})


def vars_of(currency: str, zone: str, tax_code: str, *, prices_include_tax: bool = False) -> dict[str, object]:
    return {"currency": currency, "zone": zone, "tax_code": tax_code, "prices_include_tax": prices_include_tax}


def set_money(session: Session, brand_id: uuid.UUID, *, currency: str, tax_code: str, prices_include_tax: bool) -> None:
    """Set currency and tax for the brand's new orders. Existing orders do not change. Raises `WrongSettings` for an unknown
    currency or tax code."""
    if not CURRENCY.fullmatch(currency):
        raise WrongSettings("currency")
    if tax_code not in CODES:
        raise WrongSettings("tax_code")
    zone = settings_of(session, brand_id).zone
    values = vars_of(currency, zone, tax_code, prices_include_tax=prices_include_tax)
    session.merge(OrderSettings(brand_id=brand_id, **values))
    session.flush()


def set_column_limits(session: Session, brand_id: uuid.UUID, limits: Mapping[OrderStatus, int]) -> None:
    """Set the limits of the board's columns, {status: number of orders}. The board warns if a status has more orders than its
    limit.

    A status that is missing has no limit. Raises `WrongSettings`.
    """
    for status, most in limits.items():
        if status not in LIMITED or not 1 <= most <= MOST_OF_A_COLUMN:
            raise WrongSettings(status.value)
    session.merge(OrderSettings(brand_id=brand_id, column_limits={status.value: most for status, most in limits.items()}))
    session.flush()


def list_column_limits(session: Session, brand_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[OrderStatus, int]]:
    """Return {brand id: {status: limit}}. Brands without limits are missing. One query."""
    query = sa.select(OrderSettings.brand_id, OrderSettings.column_limits).where(OrderSettings.brand_id.in_(brand_ids))
    rows = session.execute(query.where(OrderSettings.column_limits != {}))
    return {row.brand_id: {OrderStatus(name): most for name, most in row.column_limits.items()} for row in rows}


def set_place(session: Session, brand_id: uuid.UUID, *, zone: str, country: str) -> None:
    """Set the time zone for the brand's order numbers. If the brand has no order settings yet, the country also decides its
    currency and tax."""
    known = session.get(OrderSettings, brand_id)
    if known is None:
        currency, tax_code = _OF_COUNTRY.get(country, ("EUR", "nl_21"))
        session.add(OrderSettings(brand_id=brand_id, **vars_of(currency, zone, tax_code)))
    else:
        known.zone = zone
    session.flush()

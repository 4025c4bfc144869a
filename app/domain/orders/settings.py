"""Read and set the order settings of a brand: currency, time zone, tax. A brand without settings is Dutch."""

from __future__ import annotations

import re
import uuid

from sqlalchemy.orm import Session

from app.domain.orders.models import OrderSettings
from app.domain.orders.taxes import CODES

CURRENCY = re.compile(r"[A-Z]{3}")
_OF_COUNTRY = {"CA": ("CAD", "qc"), "BE": ("EUR", "be_21")}


class WrongSettings(ValueError):
    """`field` of OrderSettings has a wrong value."""


def settings_of(session: Session, brand_id: uuid.UUID) -> OrderSettings:
    """Return the brand's order settings, or the defaults; readers must not change them."""
    found = session.get(OrderSettings, brand_id)
    return found or OrderSettings(**vars_of("EUR", "Europe/Amsterdam", "nl_21"), brand_id=brand_id)


def vars_of(currency: str, zone: str, tax_code: str, *, prices_include_tax: bool = False) -> dict[str, object]:
    return {"currency": currency, "zone": zone, "tax_code": tax_code, "prices_include_tax": prices_include_tax}


def set_money(session: Session, brand_id: uuid.UUID, *, currency: str, tax_code: str, prices_include_tax: bool) -> None:
    """Set currency and tax of the brand's new orders; existing orders stay. Raises WrongSettings."""
    if not CURRENCY.fullmatch(currency):
        raise WrongSettings("currency")
    if tax_code not in CODES:
        raise WrongSettings("tax_code")
    zone = settings_of(session, brand_id).zone
    values = vars_of(currency, zone, tax_code, prices_include_tax=prices_include_tax)
    session.merge(OrderSettings(brand_id=brand_id, **values))
    session.flush()


def set_place(session: Session, brand_id: uuid.UUID, *, zone: str, country: str) -> None:
    """Set the time zone of the brand's numbers; the first time, the country also sets currency and tax."""
    known = session.get(OrderSettings, brand_id)
    if known is None:
        currency, tax_code = _OF_COUNTRY.get(country, ("EUR", "nl_21"))
        session.add(OrderSettings(brand_id=brand_id, **vars_of(currency, zone, tax_code)))
    else:
        known.zone = zone
    session.flush()

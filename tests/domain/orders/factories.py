"""Orders for tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.domain.orders.actions import NewLine, NewOrder, create_order
from app.domain.orders.models import Order, OrderSource
from tests.factories import NOW


def make_order(session: Session, brand: Brand, customer: Contact, **more: Any) -> Order:
    """One line unless told otherwise."""
    values = {"source": OrderSource.USER, "lines": (NewLine("Wallbox 11kW"),), **more}
    new = NewOrder(brand_id=brand.id, customer_contact_id=customer.id, **values)
    return create_order(session, new, now=NOW, actor=SYSTEM)

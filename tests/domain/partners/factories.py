"""Partners and what they post, for tests."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.contract.address_parts import read_fields
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.domain.accounts.models import Brand, User
from app.domain.events.actions import SYSTEM
from app.domain.partners.actions import EVERY_SCOPE, NewKey, PartnerContent, create_key, create_partner
from app.domain.partners.agreements import write_agreement
from app.domain.partners.incoming import IncomingLine, IncomingOrder
from app.domain.partners.models import Environment, Partner, PartnerPerson
from app.domain.partners.take_order import take_order
from tests.factories import NOW

WORKFLOW_BODY: dict[str, Any] = {
    "partner_order_id": "GRO-123456",
    "customer": {
        "name": "Jan Jänssen",
        "email": "jan@example.nl",
        "phone": "+31612345678",
        "address": {"street": "Kerkstraat", "house_number": "12", "postal_code": "1234AB", "city": "Amsterdam"},
    },
    "products": [{"partner_sku": "GRO-ALFEN-11", "quantity": 1, "description": "Alfen Eve 11 kW"}],
    "installation_preferences": {"preferred_date": "2026-12-01", "notes": "Achterom"},
    "partner_references": {"purchase_order": "PO-1"},
}
DEALER_BODY: dict[str, Any] = {
    "partner_order_id": "VLV-2025-789123",
    "partner_customer_id": "CUST-456789",
    "dealer_group_id": "VAN_MOSSEL_WEST",
    "purchase_order_number": "PO-20250601-001",
    "customer": {
        "name": "Jan Janssen",
        "email": "jan@example.com",
        "phone": "+31612345678",
        "address": {"street": "Hoofdstraat 123", "city": "Amsterdam", "postal_code": "1012AB"},
    },
    "line_items": [
        {
            "sku": "WALLBOX-11KW",
            "description": "Wallbox 11kW charging station",
            "quantity": 1,
            "partner_item_id": "VLV-WALLBOX-001",
        }
    ],
    "installation_preferences": {
        "preferred_date": "2025-06-15",
        "time_preference": "morning",
        "access_notes": "Garage access via side door",
    },
}


def make_partner(session: Session, brand: Brand, name: str = "Groendus", **more: Any) -> Partner:
    """One that posts by the API."""
    content = PartnerContent(name=name, slug=name.lower().replace(" ", "-"), brand_id=brand.id, **more)
    return create_partner(session, content, now=NOW, actor=SYSTEM)


def make_partner_key(
    session: Session,
    partner: Partner,
    keyring: Keyring,
    environment: Environment = Environment.LIVE,
    *,
    scopes: tuple[str, ...] = EVERY_SCOPE,
    requires_signature: bool = False,
    now: datetime = NOW,
) -> NewKey:
    return create_key(
        session,
        partner,
        environment=environment,
        name="test",
        scopes=scopes,
        requires_signature=requires_signature,
        keyring=keyring,
        now=now,
        actor=SYSTEM,
    )


def incoming(number: str = "GRO-1", **more: Any) -> IncomingOrder:
    """An order of one thing; the payload follows what is named."""
    values: dict[str, Any] = {
        "customer_name": "Jan Jänssen",
        "email": "jan@example.nl",
        "phone": "+31612345678",
        "address": read_fields(street="Kerkstraat", house_number="12", postal_code="1234AB", city="Amsterdam"),
        "lines": (IncomingLine("GRO-ALFEN-11", "Alfen Eve 11 kW", Decimal(1)),),
        **more,
    }
    products = [{"partner_sku": line.sku, "quantity": int(line.quantity)} for line in values["lines"]]
    payload = {"partner_order_id": number, "customer": {"phone": values["phone"]}, "products": products}
    return IncomingOrder(partner_order_id=number, payload=payload, **values)


def things_of_portal(session: Session, user: User, partner_id: object) -> dict[str, object]:
    """Somebody's place in the portal of a partner, and what its addresses name."""
    partner = session.get_one(Partner, partner_id)
    session.add(PartnerPerson(id=new_id(), user_id=user.id, partner_id=partner.id, created_at=NOW))
    row = take_order(session, partner, Environment.SANDBOX, incoming("PORTAL-1"), now=NOW).row
    agreement = write_agreement(session, partner, "Wij en Groendus", now=NOW, actor=SYSTEM)
    return {"row_id": row.id, "agreement_id": agreement.id, "document_id": new_id()}

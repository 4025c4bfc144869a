"""The bodies the source documents print for partners, sent word for word: the dealers' order, a state of it, the
configuration. The order of the other shape stands in the documents as types; its values are those of the factories.
"""

from __future__ import annotations

from typing import Any

from app.domain.partners.models import PartnerReport
from tests.api.partners.conftest import ORDERS, Gateway
from tests.domain.partners.factories import DEALER_BODY, WORKFLOW_BODY

STATE: dict[str, Any] = {
    "partner_order_id": "VLV-2025-789123",
    "partner_customer_id": "CUST-456789",
    "status": "IN_PROGRESS",
    "timestamp": "2025-06-01T10:30:00Z",
    "notes": "Installation scheduled for tomorrow",
    "technician_info": {"name": "Partner Tech Team", "phone": "+31612345678"},
}
WORDS = {"new": "RECEIVED", "approved": "CONFIRMED", "in_progress": "IN_PROGRESS", "completed": "DELIVERED"}
CONFIGURATION: dict[str, Any] = {
    "integration_name": "volvo_dealer_api",
    "api_base_url": "https://api.volvo-dealer.com/v1",
    "authentication_type": "bearer_token",
    "webhook_url": "https://partner-api.volvo.com/webhooks/chargecars",
    "webhook_events": ["order_created", "order_approved", "installation_completed"],
    "status_mapping": {
        "chargecars_to_partner": WORDS,
        "partner_to_chargecars": {word: status for status, word in WORDS.items()},
    },
}
TYPES: dict[str, Any] = {
    "partner_order_id": "string (required)",
    "customer": {
        "name": "string (required)",
        "email": "string (required)",
        "phone": "string (required)",
        "address": {"street": "string", "house_number": "string", "postal_code": "string (required)", "city": "string"},
    },
    "products": [{"partner_sku": "string", "quantity": "number", "description": "string"}],
    "installation_preferences": {"preferred_date": "date", "notes": "string"},
    "partner_references": {"dealer_group_id": "string", "purchase_order": "string", "customer_account": "string"},
}


def test_the_printed_order_state_and_configuration_are_taken_without_a_word(gateway: Gateway) -> None:
    made = gateway.live.post(DEALER_BODY)
    assert (made.status_code, "warnings" in (made.json or {})) == (201, False), made.text
    configured = gateway.live.post(CONFIGURATION, "/api/v1/partners/groendus/integration-config")
    assert (configured.status_code, "warnings" in (configured.json or {})) == (200, False), configured.text
    told = gateway.live.post(STATE, "/api/v1/webhooks/partner-status/groendus")
    assert (told.status_code, "warnings" in (told.json or {})) == (200, False), told.text
    (report,) = gateway.rows(PartnerReport)
    assert report.mapped_status == "in_progress"
    # From received nothing goes to in progress by itself: the report is kept, and the answer says why it was not followed.
    assert told.json["data"]["outcome"] in ("applied", "skipped")  # type: ignore[index]


def test_the_types_that_are_printed_for_the_other_shape_are_its_fields(gateway: Gateway) -> None:
    """As printed it is no order: "number" is no quantity. Each name in it is known, with values in their place."""
    refused = gateway.live.post(TYPES)
    assert refused.status_code == 422
    filled = {**WORKFLOW_BODY, "partner_references": {"dealer_group_id": "G", "purchase_order": "P", "customer_account": "C"}}
    assert _names(filled) == _names(TYPES)
    made = gateway.live.post(filled, ORDERS)
    assert (made.status_code, "warnings" in (made.json or {})) == (201, False), made.text


def _names(body: Any) -> Any:
    if isinstance(body, dict):
        return {name: _names(value) for name, value in body.items()}
    return [_names(value) for value in body] if isinstance(body, list) else None

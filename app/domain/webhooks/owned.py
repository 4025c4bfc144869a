"""Endpoints whose URL and secrets are stored with their owner: Make scenarios and partners' own APIs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.webhooks.models import ANY_EVENT, OWNED, EndpointKind, EndpointState, WebhookEndpoint


def endpoint_of_owner(
    session: Session, *, kind: EndpointKind, owner_id: uuid.UUID, name: str, brand_id: uuid.UUID, now: datetime
) -> WebhookEndpoint:
    """Return the owner's endpoint with this name, and create it if it does not exist yet. Its URL is stored with the owner."""
    values = {"id": new_id(), "kind": kind, "owner_id": owner_id, "brand_id": brand_id, "name": name, "created_at": now}
    usual = {"schedule": kind.value, "event_types": [ANY_EVENT], "updated_at": now, **_UNTOUCHED}
    made = postgresql.insert(WebhookEndpoint).values(**values, **usual)
    session.execute(made.on_conflict_do_nothing(index_elements=["owner_id", "name"], index_where=sa.text(OWNED)))
    query = sa.select(WebhookEndpoint).where(
        WebhookEndpoint.owner_id == owner_id, WebhookEndpoint.name == name, WebhookEndpoint.kind == kind
    )
    return session.execute(query).scalar_one()


_UNTOUCHED: dict[str, Any] = {
    "url": "",
    "payload_version": "",
    "signature_header": "",
    "event_header": "",
    "max_concurrency": 4,
    "is_test": False,
    "email_fallback": False,
    "includes_customer_data": False,
    "state": EndpointState.ACTIVE,
    "state_reason": "",
    "failures_in_row": 0,
    "has_incident": False,
}

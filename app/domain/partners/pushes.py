"""Push orders and their states to a partner's own API, at the agreed frequency.

A push is a delivery of `app/domain/webhooks` to an endpoint that represents the partner's API. It is written in the
transaction of the change, once for each sequence number of the order. Pushes are delivered in this sequence, retried, and
logged with the callbacks. If pushes are agreed for full hours or days, a push waits as a row until then.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring, UnableToDecrypt
from app.core.http import HttpFailure
from app.core.metering import Endpoint
from app.core.redact import redact_url
from app.domain.orders.models import OrderStatus
from app.domain.partners.callbacks import CREATED, UPDATE
from app.domain.partners.models import Environment, Partner, PartnerOrder, SyncFrequency
from app.domain.partners.queries import ordering_key
from app.domain.partners.status_map import their_word
from app.domain.partners.their_api import CallFailed, open_account, sign_in
from app.domain.webhooks.actions import queue_message, serialize, timestamp
from app.domain.webhooks.models import EndpointKind, WebhookEndpoint
from app.domain.webhooks.owned import endpoint_of_owner
from app.domain.webhooks.targets import NoTarget, Target

NAME = "orders"
SLOTS = {
    SyncFrequency.EVERY_15_MINUTES: timedelta(minutes=15),
    SyncFrequency.HOURLY: timedelta(hours=1),
    SyncFrequency.DAILY: timedelta(days=1),
}


def push_order(session: Session, partner: Partner, row: PartnerOrder, *, now: datetime) -> None:
    """Queue a push of the order in its current state.

    Do nothing for a sandbox order, or if the partner has no API or wants no pushes.
    """
    if not partner.push_enabled or not partner.api_base_url or row.environment != Environment.LIVE:
        return
    endpoint = endpoint_of_owner(
        session, kind=EndpointKind.PARTNER_API, owner_id=partner.id, name=NAME, brand_id=partner.brand_id, now=now
    )
    queue_message(
        session,
        event_type=CREATED if row.sequence == 1 else UPDATE,
        payload=serialize(_body(partner, row, now=now)),
        brand_id=partner.brand_id,
        owner_id=partner.id,
        ordering_key=ordering_key(row.id),
        dedupe_key=f"push:{ordering_key(row.id)}:{row.sequence}",
        about={"label": row.order_number, "order_id": str(row.order_id)},
        endpoints=[endpoint],
        due_at=slot_after(partner.sync_frequency, now),
        now=now,
    )


def find_push_endpoint(session: Session, partner_id: uuid.UUID) -> WebhookEndpoint | None:
    """Return the endpoint that represents the partner's API. Return None before the first push."""
    mine = (WebhookEndpoint.kind == EndpointKind.PARTNER_API, WebhookEndpoint.owner_id == partner_id)
    return session.execute(sa.select(WebhookEndpoint).where(*mine)).scalar_one_or_none()


def slot_after(frequency: SyncFrequency, now: datetime) -> datetime | None:
    """Return the start of the next quarter of an hour, hour or day (UTC). Return None if pushes are sent at once."""
    every = SLOTS.get(frequency)
    return None if every is None else now + every - (now - datetime(2000, 1, 1, tzinfo=UTC)) % every


def open_partner_api(session: Session, endpoint: WebhookEndpoint, keyring: Keyring, _now: datetime) -> Target:
    """Return the URL and the authentication for a push to the partner's API. Raises `NoTarget` if pushing is not possible."""
    partner = session.get_one(Partner, endpoint.owner_id, populate_existing=True)
    if not partner.is_active or not partner.push_enabled or not partner.api_base_url:
        raise NoTarget("no_address")
    try:
        account = open_account(partner, keyring)
    except UnableToDecrypt:
        raise NoTarget("sealed") from None

    def sign(_body: bytes, _now_seconds: int) -> dict[str, str]:
        try:
            return sign_in(account)
        except CallFailed as failure:
            raise HttpFailure("bad_response", request_sent=False) from failure

    url = f"{account.base_url}/orders"
    return Target(
        url,
        (),
        Endpoint("partner_api", "POST orders", str(partner.id)),
        sign=sign,
        secret_header=account.secret_header,
        id_header="Idempotency-Key",
        shown_url=redact_url(url),
        is_disabled_when_gone=False,
    )


def _body(partner: Partner, row: PartnerOrder, *, now: datetime) -> dict[str, Any]:
    """Build the request body: the order as the partner sent it, with its number, status and sequence in our system."""
    return {
        **row.payload,
        "partner_order_id": row.partner_order_id,
        "chargecars_order_id": row.order_number,
        "chargecars_order_uuid": str(row.order_id),
        "status": row.order_status,
        "partner_status": their_word(partner.status_mapping, OrderStatus(row.order_status)),
        "sequence": row.sequence,
        "timestamp": timestamp(now),
    }

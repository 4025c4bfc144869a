"""Make three outgoing webhooks of the demo's first brand at simulated receivers, with some deliveries."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.webhooks.actions import EndpointContent, create_endpoint
from app.domain.webhooks.handlers import tell_webhooks
from app.domain.webhooks.models import RULE_CALLED, EndpointKind, WebhookDelivery, WebhookEndpoint
from app.sandbox.demo.simulator_client import Outside

RECEIVERS = {
    "Warehouse": ("taken", ("job.created", "job.updated", RULE_CALLED), "webhook"),
    "Dashboard": ("moody", ("*",), "webhook"),
    "Planning": ("locked", ("job.created", "job.completed", "job.cancelled"), "partner"),
}
TOLD_AT_FIRST = 12


def connect_webhooks(session: Session, outside: Outside, *, keyring: Keyring, now: datetime) -> None:
    """Make the webhooks, with deliveries about the newest orders. Later calls only update the addresses of the receivers.

    An address that somebody entered by hand is not changed.
    """
    brand = session.execute(sa.select(Brand).where(Brand.key == "chargecars")).scalar_one_or_none()
    if brand is None:
        return
    there = sa.select(WebhookEndpoint).where(WebhookEndpoint.kind == EndpointKind.WEBHOOK, WebhookEndpoint.name.in_(RECEIVERS))
    known = {one.name: one for one in session.execute(there).scalars()}
    for name, (way, event_types, schedule) in RECEIVERS.items():
        url = f"{outside.url}/{way}"
        if name not in known:
            content = EndpointContent(name, url, event_types, schedule=schedule)
            who = {"keyring": keyring, "now": now, "actor": SYSTEM}
            create_endpoint(session, content, kind=EndpointKind.WEBHOOK, brand_id=brand.id, **who)  # type: ignore[arg-type]
        elif known[name].url.startswith("http://127.0.0.1:"):
            known[name].url = url
    session.flush()
    if not known:
        newest = sa.select(Event).where(Event.type == "OrderCreated", Event.brand_id == brand.id)
        tell_webhooks(session, session.execute(newest.order_by(Event.id.desc()).limit(TOLD_AT_FIRST)).scalars().all())
        session.execute(sa.update(WebhookDelivery).values(created_at=now))  # the orders are older, the deliveries are of today

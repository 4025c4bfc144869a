"""Job (RQ entry point) that delivers callbacks."""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from app.core.db import transaction
from app.core.runtime import application
from app.domain.webhooks import engine
from app.domain.webhooks.lanes import Lanes
from app.domain.webhooks.models import WebhookDelivery

_lanes = Lanes(engine.deliver_all)


def deliver_callbacks(*, row_ids: list[str], **_ignored: Any) -> None:
    """RQ entry point: pass deliveries to the lanes (threads) of this worker, without waiting for the result."""
    wanted = [uuid.UUID(row_id) for row_id in row_ids]
    with transaction() as session:
        query = sa.select(WebhookDelivery.endpoint_id, WebhookDelivery.id).where(WebhookDelivery.id.in_(wanted))
        rows = session.execute(query.order_by(WebhookDelivery.endpoint_id, WebhookDelivery.run_at, WebhookDelivery.id)).all()
    for endpoint_id, those in groupby(rows, key=lambda row: row.endpoint_id):
        _lanes.take(application(), endpoint_id, [row.id for row in those])

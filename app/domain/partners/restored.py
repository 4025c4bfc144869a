"""Handle the first start on a restored database: stop partner callbacks, and raise the sequence numbers of open orders.

Nothing is sent until a person has checked the endpoints. Later callbacks then have higher numbers than all callbacks before
the restore. A receiver that ignores older numbers therefore accepts them.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import OrderStatus
from app.domain.partners.models import PartnerOrder
from app.domain.webhooks.restored import hold_every_endpoint, is_another_database

LEAP = 1000  # more changes than an order has
ENDED = (OrderStatus.COMPLETED.value, OrderStatus.CANCELLED.value)


def begin_after_restore(session: Session, *, now: datetime) -> bool:
    """Stop all endpoints and raise the sequence numbers if the database was restored. Return True if it was."""
    if not is_another_database(session, now=now):
        return False
    hold_every_endpoint(session, now=now)
    open_orders = sa.update(PartnerOrder).where(PartnerOrder.order_status.not_in(ENDED))
    session.execute(open_orders.values(sequence=PartnerOrder.sequence + LEAP).execution_options(synchronize_session=False))
    return True

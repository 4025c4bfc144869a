"""Job that queues a due scheduled reply, in one transaction. The delivery job calls the provider later."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.exc import DBAPIError

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.domain.connections.models import Channel
from app.domain.delivery.actions import ReplyContext
from app.domain.delivery.models import ScheduledReply
from app.domain.delivery.scheduled import BROKEN, hold_scheduled, send_due_reply

log = get_logger(__name__)


def send_due(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: queue a due scheduled reply. A repeat finds the reply sent, held or not due. After an unexpected error
    the reply is held until its writer decides."""
    scheduled_id = uuid.UUID(row_id)
    try:
        with transaction() as session:
            row = session.get(ScheduledReply, scheduled_id)
            if row is None:
                return
            send_due_reply(session, scheduled_id, context=_context(session.get_one(Channel, row.channel_id)))
    except DBAPIError:
        raise  # the database is away or chose another: the next round tries again
    except Exception:
        log.exception("scheduled_reply_crashed", scheduled_id=row_id)
        with transaction() as session:
            hold_scheduled(session, scheduled_id, why=BROKEN, now=utc_now())
    runtime().nudger.nudge()


def _context(channel: Channel) -> ReplyContext:
    house = runtime()
    return ReplyContext(
        rules=house.adapters.rules[channel.channel_type.value],
        mail_keys=house.mail_keys,
        mail_domain=house.settings.mail_domain,
        now=utc_now(),
    )

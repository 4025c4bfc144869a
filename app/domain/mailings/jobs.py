"""One recipient of a mailing.

Exactly once: the row's end is in the transaction of the message it queues. A worker that dies before the commit leaves nothing,
one that was overtaken finds that its lease is gone and takes everything back.
"""

from __future__ import annotations

import uuid
from typing import Any

from app.core.clock import utc_now
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.shortage import find_shortage
from app.core.work import Lease, claim, finish, next_delay_seconds, put_back
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.delivery.actions import ReplyContext
from app.domain.mailings.actions import Decided, carry_out
from app.domain.mailings.models import Mailing, MailingRecipient, RecipientOutcome
from app.domain.mailings.tokens import unsubscribe_token

log = get_logger(__name__)
TABLE = table_of(MailingRecipient)
MOST_TRIES = 5


class _Overtaken(Exception):
    """Somebody else has the row by now."""


def send_to_recipient(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point. A hint given twice finds it done or not due."""
    recipient_id = uuid.UUID(row_id)
    with transaction() as session:
        lease = claim(session, TABLE, recipient_id, lease_seconds=runtime().settings.lease_seconds)
    if lease is None:
        return
    try:
        _carry_out(lease, recipient_id)
    except _Overtaken:
        return
    except Exception as error:
        log.exception("mailing_recipient_crashed", recipient_id=row_id)
        _try_later(lease, error)
    runtime().nudger.nudge()


def _carry_out(lease: Lease, recipient_id: uuid.UUID) -> None:
    house = runtime()
    with transaction() as session:
        recipient = session.get_one(MailingRecipient, recipient_id)
        mailing = session.get_one(Mailing, recipient.mailing_id)
        channel = session.get_one(Channel, mailing.channel_id)
        writer = session.get_one(User, mailing.created_by_user_id)
        url = f"{house.settings.public_url}/u/{unsubscribe_token(recipient_id, house.settings.secret_key)}"
        context = ReplyContext(
            rules=house.adapters.rules[channel.channel_type.value],
            mail_keys=house.mail_keys,
            mail_domain=house.settings.mail_domain,
            now=utc_now(),
        )
        decided = carry_out(session, recipient, author_name=writer.name, unsubscribe_url=url, context=context)
        if not finish(session, TABLE, lease, values=_end(decided)):
            raise _Overtaken


def _try_later(lease: Lease, error: Exception) -> None:
    shortage = find_shortage(error)  # which is no try
    delay = next_delay_seconds(lease.attempts) if lease.attempts < MOST_TRIES else None
    with transaction() as session:
        if shortage is not None:
            put_back(session, TABLE, lease, delay_seconds=shortage.wait_seconds, values={"attempts": lease.attempts - 1})
            return
        if delay is not None:
            put_back(session, TABLE, lease, delay_seconds=delay)
            return
        finish(session, TABLE, lease, values=_end(Decided(RecipientOutcome.FAILED, type(error).__name__)))


def _end(decided: Decided) -> dict[str, Any]:
    return {"outcome": decided.outcome, "reason": decided.reason[:500], "message_id": decided.message_id}

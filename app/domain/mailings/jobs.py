"""Job that queues the mail of one recipient of a mailing.

Runs exactly once: the recipient's row ends in the same transaction that queues the message. If a worker dies before the
commit, nothing is stored. A worker that lost its lease rolls back.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.promises import Ended, in_database, keep
from app.core.runtime import runtime
from app.core.unsubscribe_tokens import MAILINGS, unsubscribe_token
from app.core.work import Lease
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.delivery.actions import ReplyContext
from app.domain.mailings.actions import Decided, carry_out
from app.domain.mailings.models import Mailing, MailingRecipient, RecipientOutcome


def send_to_recipient(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: queue one recipient's mail. A repeat finds the row done or not due."""
    keep(PROMISE, uuid.UUID(row_id))


def _carry_out(session: Session, lease: Lease) -> Ended:
    house = runtime()
    recipient = session.get_one(MailingRecipient, lease.row_id)
    mailing = session.get_one(Mailing, recipient.mailing_id)
    channel = session.get_one(Channel, mailing.channel_id)
    writer = session.get_one(User, mailing.created_by_user_id)
    token = unsubscribe_token(recipient.id, house.settings.secret_key, purpose=MAILINGS)
    url = f"{house.settings.public_url}/u/{token}"
    context = ReplyContext(
        rules=house.adapters.rules[channel.channel_type.value],
        mail_keys=house.mail_keys,
        mail_domain=house.settings.mail_domain,
        now=utc_now(),
    )
    return _end(carry_out(session, recipient, author_name=writer.name, unsubscribe_url=url, context=context))


def _end(decided: Decided) -> Ended:
    return Ended({"outcome": decided.outcome, "reason": decided.reason[:500], "message_id": decided.message_id})


PROMISE = in_database(
    table_of(MailingRecipient),
    _carry_out,
    broken=lambda error: _end(Decided(RecipientOutcome.FAILED, type(error).__name__)),
    tries=5,
)

"""Read mailings and how far they are."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.mailings.models import Mailing, MailingRecipient, RecipientOutcome
from app.domain.threads.models import Message

SHOWN_PROBLEMS = 100


class MailingMissing(Exception):
    """No such mailing, or not of a brand one may see."""


@dataclass(frozen=True)
class MailingProgress:
    """How many recipients stand where: `outcomes` has those that are decided, `deliveries` what became of their messages."""

    total: int
    outcomes: Counter[str]
    deliveries: Counter[str]
    problems: tuple[tuple[str, RecipientOutcome, str], ...]  # address, outcome, reason: the first SHOWN_PROBLEMS

    @property
    def waiting(self) -> int:
        return self.total - sum(self.outcomes.values())


def get_mailing(session: Session, *, mailing_id: uuid.UUID, brand_ids: Sequence[uuid.UUID]) -> Mailing:
    """Raises MailingMissing."""
    found = session.get(Mailing, mailing_id)
    if found is None or found.brand_id not in brand_ids:
        raise MailingMissing(str(mailing_id))
    return found


def get_progress(session: Session, mailing_id: uuid.UUID) -> MailingProgress:
    """Two queries, however many recipients."""
    of_it = MailingRecipient.mailing_id == mailing_id
    counted = (
        sa.select(MailingRecipient.outcome, Message.delivery_status, sa.func.count())
        .outerjoin(Message, Message.id == MailingRecipient.message_id)
        .where(of_it)
        .group_by(MailingRecipient.outcome, Message.delivery_status)
    )
    total, outcomes, deliveries = 0, Counter[str](), Counter[str]()
    for outcome, status, count in session.execute(counted):
        total += count
        outcomes.update({outcome.value: count} if outcome else {})
        deliveries.update({status: count} if status else {})
    wrong = sa.and_(of_it, MailingRecipient.outcome.is_not(None), MailingRecipient.outcome != RecipientOutcome.QUEUED)
    query = sa.select(MailingRecipient.address, MailingRecipient.outcome, MailingRecipient.reason).where(wrong)
    rows = session.execute(query.order_by(MailingRecipient.address).limit(SHOWN_PROBLEMS)).all()
    return MailingProgress(total, outcomes, deliveries, tuple((row[0], row[1], row[2]) for row in rows if row[1]))

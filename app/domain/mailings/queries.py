"""Read mailings, their recipients and their progress."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.suppression import Stop
from app.domain.accounts.models import User
from app.domain.mailings.models import Mailing, MailingRecipient, RecipientOutcome
from app.domain.suppressions.models import Suppression
from app.domain.threads.models import Message

SHOWN_PROBLEMS = 100


class MailingMissing(Exception):
    """Raised when there is no such mailing, or when it belongs to a brand that is not allowed here."""


@dataclass(frozen=True)
class MailingProgress:
    """Counts of a mailing's recipients. `outcomes`: {outcome: number of recipients}. `deliveries`: {delivery status: number of
    their messages}."""

    total: int
    outcomes: Counter[str]
    deliveries: Counter[str]
    problems: tuple[tuple[str, RecipientOutcome, str], ...]  # address, outcome, reason: the first SHOWN_PROBLEMS

    @property
    def waiting(self) -> int:
        return self.total - sum(self.outcomes.values())


def get_mailing(session: Session, *, mailing_id: uuid.UUID, brand_ids: Sequence[uuid.UUID]) -> Mailing:
    """Return the mailing if it belongs to one of these brands. Raises MailingMissing."""
    found = session.get(Mailing, mailing_id)
    if found is None or found.brand_id not in brand_ids:
        raise MailingMissing(str(mailing_id))
    return found


@dataclass(frozen=True)
class MailingRow:
    """A mailing in a list. `total`: the number of recipients. `decided`: how many of them have an outcome. `sender`: the name
    of the user who created the mailing."""

    mailing: Mailing
    total: int
    decided: int
    sender: str


def list_mailings(session: Session, *, brand_ids: Sequence[uuid.UUID], limit: int = 100) -> list[MailingRow]:
    """List the mailings of these brands, the newest first."""
    of_it = MailingRecipient.mailing_id == Mailing.id
    total = sa.select(sa.func.count()).where(of_it).scalar_subquery()
    decided = sa.select(sa.func.count()).where(of_it, MailingRecipient.outcome.is_not(None)).scalar_subquery()
    query = sa.select(Mailing, total, decided, User.name).join(User, User.id == Mailing.created_by_user_id)
    query = query.where(Mailing.brand_id.in_(brand_ids)).order_by(Mailing.created_at.desc(), Mailing.id.desc())
    return [MailingRow(*row) for row in session.execute(query.limit(limit))]


@dataclass(frozen=True)
class RecipientRow:
    """A recipient of a mailing and what became of the mail.

    `delivery`: the delivery status of the message, None if there is no message. `unsubscribed_at`: the first time that the
    recipient unsubscribed after the mailing was created, None if never.
    """

    address: str
    name: str
    outcome: RecipientOutcome | None
    reason: str
    delivery: str | None
    thread_id: uuid.UUID | None
    unsubscribed_at: datetime | None


def list_recipients(
    session: Session, mailing: Mailing, *, outcome: RecipientOutcome | None = None, after: str = "", limit: int = 100
) -> list[RecipientRow]:
    """List recipients of a mailing, sorted by address, starting with the first address that sorts after `after`. If `outcome`
    is given, list only recipients with this outcome."""
    ended = (
        sa.select(sa.func.min(Suppression.occurred_at))
        .where(
            Suppression.brand_id == mailing.brand_id,
            Suppression.address == MailingRecipient.address,
            Suppression.reason == Stop.UNSUBSCRIBED,
            Suppression.occurred_at >= mailing.created_at,
        )
        .scalar_subquery()
    )
    one = MailingRecipient
    query = sa.select(one.address, one.name, one.outcome, one.reason, Message.delivery_status, Message.thread_id, ended)
    query = query.outerjoin(Message, Message.id == one.message_id).where(one.mailing_id == mailing.id, one.address > after)
    if outcome is not None:
        query = query.where(one.outcome == outcome)
    return [RecipientRow(*row) for row in session.execute(query.order_by(one.address).limit(limit))]


def get_progress(session: Session, mailing_id: uuid.UUID) -> MailingProgress:
    """Return the counts of a mailing's recipients and its first problems. Two queries, however many recipients."""
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

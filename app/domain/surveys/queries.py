"""Read surveys, their questions and answers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, User
from app.domain.contacts.models import Contact
from app.domain.surveys.models import Survey, SurveyAnswer, SurveyInvitation, SurveyKind, SurveyOutcome
from app.domain.surveys.tokens import hash_of
from app.domain.threads.models import Thread

ANSWER_BY_CHAT = timedelta(hours=48)
"""How long after the question a message of only a score, in the same thread, answers it."""


class SurveyMissing(Exception):
    """Raised when the survey does not exist, or the viewer may not see it."""


@dataclass(frozen=True)
class Verdict:
    """One question with its answer, for pages. `answer` is None if there is no answer yet. `user_name` is the rated user."""

    invitation: SurveyInvitation
    answer: SurveyAnswer | None
    contact_name: str
    user_name: str
    thread_number: int | None
    brand_name: str


def find_survey(session: Session, brand_id: uuid.UUID, kind: SurveyKind) -> Survey | None:
    query = sa.select(Survey).where(Survey.brand_id == brand_id, Survey.kind == kind)
    return session.execute(query).scalar_one_or_none()


def list_surveys(session: Session, brand_ids: Sequence[uuid.UUID]) -> dict[tuple[uuid.UUID, SurveyKind], Survey]:
    """Return (brand id, kind) -> survey. One query."""
    rows = session.execute(sa.select(Survey).where(Survey.brand_id.in_(brand_ids))).scalars()
    return {(row.brand_id, row.kind): row for row in rows}


def find_by_token(session: Session, token: str) -> SurveyInvitation | None:
    """Return the invitation whose link has this token. Return None if the token is invalid."""
    wanted = hash_of(token)
    if not wanted:
        return None
    return session.execute(sa.select(SurveyInvitation).where(SurveyInvitation.token_hash == wanted)).scalar_one_or_none()


def find_answerable(session: Session, thread_id: uuid.UUID, *, now: datetime) -> uuid.UUID | None:
    """Return the id of the thread's question by chat that a score can answer now.

    Return None if there is no such question, or more than one.
    """
    query = sa.select(SurveyInvitation.id).where(
        SurveyInvitation.thread_id == thread_id,
        SurveyInvitation.kind == SurveyKind.CSAT,
        SurveyInvitation.medium != "email",
        SurveyInvitation.sent_at > now - ANSWER_BY_CHAT,
    )
    found = session.execute(query.limit(2)).scalars().all()
    return found[0] if len(found) == 1 else None


def last_asked_at(session: Session, contact_id: uuid.UUID, brand_id: uuid.UUID, kind: SurveyKind) -> datetime | None:
    """Return when a contact last got a question of this kind from the brand, on any address. Return None if never."""
    query = sa.select(sa.func.max(SurveyInvitation.sent_at)).where(
        SurveyInvitation.contact_id == contact_id, SurveyInvitation.brand_id == brand_id, SurveyInvitation.kind == kind
    )
    return session.execute(query).scalar_one_or_none()


def list_of_thread(session: Session, thread_id: uuid.UUID, *, limit: int = 5) -> list[Verdict]:
    """List the questions of a thread, the newest first, including unsent questions."""
    return _verdicts(session, _ROWS.where(SurveyInvitation.thread_id == thread_id), limit)


def list_of_contact(session: Session, contact_id: uuid.UUID, brand_ids: Sequence[uuid.UUID], *, limit: int = 10) -> list[Verdict]:
    """List a contact's answered questions, newest first."""
    mine = sa.and_(SurveyInvitation.contact_id == contact_id, SurveyInvitation.brand_id.in_(brand_ids))
    return _verdicts(session, _ROWS.where(mine, SurveyAnswer.invitation_id.is_not(None)), limit)


def list_answers(
    session: Session,
    brand_ids: Sequence[uuid.UUID],
    *,
    kind: SurveyKind | None = None,
    limit: int = 50,
    only_comments: bool = False,
) -> list[Verdict]:
    """List the answers of these brands, the newest first.

    `only_comments`: only answers with a comment that are not suspect.
    """
    query = _ROWS.where(SurveyInvitation.brand_id.in_(brand_ids), SurveyAnswer.invitation_id.is_not(None))
    if only_comments:
        query = query.where(SurveyAnswer.comment != "", ~SurveyAnswer.is_suspect)
    rows = query.order_by(None).order_by(SurveyAnswer.changed_at.desc(), SurveyInvitation.id.desc())
    return [Verdict(*row) for row in session.execute(rows.limit(limit))]


def count_waiting(session: Session, brand_ids: Sequence[uuid.UUID]) -> dict[tuple[uuid.UUID, SurveyKind], tuple[int, int, int]]:
    """Return (brand id, kind) -> (questions planned, questions sent in the last 30 days, answers).

    Only questions that were planned in the last 45 days are counted.
    """
    sent = sa.and_(SurveyInvitation.outcome == SurveyOutcome.SENT, SurveyInvitation.sent_at > sa.func.now() - timedelta(days=30))
    count: Any = sa.func.count
    query = (
        sa.select(
            SurveyInvitation.brand_id,
            SurveyInvitation.kind,
            count().filter(SurveyInvitation.sent_at.is_(None), SurveyInvitation.state == "ready"),
            count().filter(sa.or_(sent, sa.and_(SurveyInvitation.state == "ready", SurveyInvitation.sent_at.is_not(None)))),
            count(SurveyAnswer.invitation_id),
        )
        .outerjoin(SurveyAnswer, SurveyAnswer.invitation_id == SurveyInvitation.id)
        .where(
            SurveyInvitation.brand_id.in_(brand_ids),
            SurveyInvitation.planned_at > sa.func.now() - timedelta(days=45),
        )
        .group_by(SurveyInvitation.brand_id, SurveyInvitation.kind)
    )
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in session.execute(query)}


_ROWS = (
    sa.select(
        SurveyInvitation,
        SurveyAnswer,
        sa.func.coalesce(Contact.name, ""),
        sa.func.coalesce(User.name, ""),
        Thread.number,
        Brand.name,
    )
    .join(Brand, Brand.id == SurveyInvitation.brand_id)
    .outerjoin(SurveyAnswer, SurveyAnswer.invitation_id == SurveyInvitation.id)
    .outerjoin(Contact, Contact.id == SurveyInvitation.contact_id)
    .outerjoin(User, User.id == SurveyInvitation.rated_user_id)
    .outerjoin(Thread, Thread.id == SurveyInvitation.thread_id)
)


def _verdicts(session: Session, query: Any, limit: int) -> list[Verdict]:
    rows = query.order_by(SurveyInvitation.planned_at.desc(), SurveyInvitation.id.desc()).limit(limit)
    return [Verdict(*row) for row in session.execute(rows)]

"""Read the histories of survey questions, each with its answer; facts are derived from them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.analytics.histories import reporting_zone
from app.domain.sla.active_policies import read_book
from app.domain.surveys.models import SurveyAnswer, SurveyInvitation, SurveyKind


@dataclass(frozen=True)
class Verdict:
    """A customer's latest answer to a survey question. `at` is the time of the customer's first answer."""

    at: datetime
    score: int
    is_solved: bool | None
    speed: int | None
    reach: int | None


@dataclass(frozen=True)
class SurveyHistory:
    """The history of a survey question as reports need it. `said` is the answer, or None if there is no answer or it may come
    from a machine."""

    invitation_id: uuid.UUID
    thread_id: uuid.UUID | None
    brand_id: uuid.UUID
    channel_id: uuid.UUID | None
    medium: str
    team_id: uuid.UUID | None
    user_id: uuid.UUID | None
    thread_type: str
    priority: str
    is_campaign: bool
    sent_at: datetime | None
    said: Verdict | None
    zone: ZoneInfo


def read_surveys(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, SurveyHistory]:
    """Return the histories of these survey questions by invitation id; deleted ones are missing."""
    query = sa.select(SurveyInvitation, SurveyAnswer).where(SurveyInvitation.id.in_(ids))
    found = session.execute(query.outerjoin(SurveyAnswer, SurveyAnswer.invitation_id == SurveyInvitation.id)).all()
    book = read_book(session)
    zones = {brand_id: reporting_zone(session, book, brand_id) for brand_id in {row.brand_id for row, _answer in found}}
    return {
        row.id: SurveyHistory(
            invitation_id=row.id,
            thread_id=row.thread_id,
            brand_id=row.brand_id,
            channel_id=row.channel_id,
            medium=row.medium,
            team_id=row.team_id,
            user_id=row.rated_user_id,
            thread_type=row.thread_type,
            priority=row.priority,
            is_campaign=row.kind == SurveyKind.NPS,
            sent_at=row.sent_at,
            said=_verdict(answer),
            zone=zones[row.brand_id],
        )
        for row, answer in found
    }


def _verdict(answer: SurveyAnswer | None) -> Verdict | None:
    if answer is None or answer.is_suspect:
        return None
    return Verdict(answer.first_at, answer.score, answer.is_solved, answer.speed, answer.reach)

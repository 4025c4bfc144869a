"""Save a brand's survey, and store answers to it. The caller owns the transaction.

Opening the link of a survey stores nothing, because some programs open every link in a mail. An answer that came too quickly
for a person is stored and shown, but left out of all figures. The latest answer of a person counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.text import mark as N_
from app.core.text import storable
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose, Contact
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.surveys.models import (
    BAD_SCORE,
    DETRACTOR_SCORE,
    SCORES,
    AnswerWay,
    Survey,
    SurveyAnswer,
    SurveyAnswerVersion,
    SurveyInvitation,
    SurveyKind,
)
from app.domain.surveys.queries import find_answerable, find_survey
from app.domain.surveys.texts import read_score

OPEN_FOR = timedelta(days=14)
TOO_SOON = timedelta(seconds=10)
"""No person answers sooner after the question was sent."""
TOO_QUICK = timedelta(seconds=5)
"""No person changes an answer sooner; a program that follows every link does."""
COMMENT_CHARACTERS = 2000
BASIS = N_("Opted out through the link in a survey")


class SurveyOver(Exception):
    """Raised when the question was not sent yet, or can no longer be answered."""


class NoScore(Exception):
    """Raised when the score is not on the scale of the survey."""


@dataclass(frozen=True)
class SurveyContent:
    """The settings of a brand's survey, with the fields of `Survey`."""

    is_on: bool
    questions: Mapping[str, str]
    delay_hours: int = 24
    chat_delay_minutes: int = 20
    min_days: int = 30
    sample_percent: int = 100
    reminder_days: int = 0
    from_hour: int = 9
    until_hour: int = 20
    zone: str = "Europe/Amsterdam"


@dataclass(frozen=True)
class Said:
    """An answer as the customer gave it. `speed` and `reach` are ratings from 1 to 5, or None."""

    score: int
    is_solved: bool | None = None
    speed: int | None = None
    reach: int | None = None
    comment: str = ""


def save_survey(
    session: Session, *, brand_id: uuid.UUID, kind: SurveyKind, content: SurveyContent, actor: Actor, now: datetime
) -> Survey:
    """Save the settings of a brand's survey. They apply from now on."""
    survey = find_survey(session, brand_id, kind)
    if survey is None:
        survey = Survey(id=new_id(), brand_id=brand_id, kind=kind)
        session.add(survey)
    for name, value in asdict(content).items():
        setattr(survey, name, value)
    survey.updated_at, survey.updated_by_user_id = now, actor.user_id
    session.flush()
    payload = {"survey_id": str(survey.id), "kind": kind.value, "is_on": content.is_on}
    record(session, "SurveyChanged", subject=Subject(brand_id=brand_id), now=now, actor=actor, payload=payload)
    return survey


def take_answer(session: Session, invitation_id: uuid.UUID, said: Said, *, way: AnswerWay, now: datetime) -> SurveyAnswer:
    """Store an answer. The latest answer counts (a suspect one only if there is no other), but on the day of the first one.

    The same answer again changes nothing. Raises `SurveyOver` and `NoScore`.
    """
    invitation = _lock(session, invitation_id)
    if invitation.sent_at is None or invitation.expires_at is None or now >= invitation.expires_at:
        raise SurveyOver
    if said.score not in SCORES[invitation.kind]:
        raise NoScore(str(said.score))
    said = Said(**{**asdict(said), "comment": storable(said.comment).strip()[:COMMENT_CHARACTERS]})
    former = session.get(SurveyAnswer, invitation_id, populate_existing=True)
    versions = _versions(session, invitation_id)
    suspect = way == AnswerWay.PAGE and now - invitation.sent_at < TOO_SOON
    if former is not None and versions[-1].said == asdict(said) and versions[-1].is_suspect == suspect:
        return former
    if way == AnswerWay.PAGE:
        suspect = _doubt_hasty(versions, said, now) or suspect
    versions.append(_new_version(session, invitation_id, said, way, suspect, now))
    word = next((one for one in reversed(versions) if not one.is_suspect), versions[-1])
    if former is not None and word.said == _said_of(former) and word.is_suspect == former.is_suspect:
        return former
    answer = former or SurveyAnswer(invitation_id=invitation_id, first_at=now, is_followed_up=False)
    for name, value in word.said.items():
        setattr(answer, name, value)
    answer.is_suspect, answer.way, answer.changed_at = word.is_suspect, word.way, word.said_at
    session.add(answer)
    _tell(session, invitation, answer, is_change=former is not None, now=now)
    return answer


def take_chat_answer(session: Session, thread_id: uuid.UUID, text: str, *, now: datetime) -> bool:
    """If the message is only a score, store it as the answer to the open question of the thread. Return False if it is no
    answer."""
    score = read_score(text)
    invitation_id = find_answerable(session, thread_id, now=now) if score is not None else None
    if score is None or invitation_id is None:
        return False
    former = session.get(SurveyAnswer, invitation_id)
    said = Said(score, former.is_solved, former.speed, former.reach, former.comment) if former else Said(score)
    try:
        take_answer(session, invitation_id, said, way=AnswerWay.CHAT, now=now)
    except SurveyOver:
        return False
    return True


def stop_surveys(session: Session, invitation_id: uuid.UUID, *, now: datetime) -> bool:
    """Unsubscribe the contact of an invitation from surveys. Return False if the invitation has no contact."""
    invitation = session.get_one(SurveyInvitation, invitation_id)
    contact = session.get(Contact, invitation.contact_id) if invitation.contact_id else None
    if contact is None:
        return False
    set_consent(session, contact, ConsentPurpose.SURVEY, is_given=False, basis=BASIS, actor=SYSTEM, now=now)
    return True


def is_bad(kind: SurveyKind, answer: SurveyAnswer) -> bool:
    """Return whether the answer is so bad that somebody should act on it."""
    return answer.score <= (BAD_SCORE if kind == SurveyKind.CSAT else DETRACTOR_SCORE) or answer.is_solved is False


def _lock(session: Session, invitation_id: uuid.UUID) -> SurveyInvitation:
    query = sa.select(SurveyInvitation).where(SurveyInvitation.id == invitation_id).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalar_one()


def _versions(session: Session, invitation_id: uuid.UUID) -> list[SurveyAnswerVersion]:
    query = sa.select(SurveyAnswerVersion).where(SurveyAnswerVersion.invitation_id == invitation_id)
    return list(session.execute(query.order_by(SurveyAnswerVersion.said_at, SurveyAnswerVersion.id)).scalars())


def _doubt_hasty(versions: Sequence[SurveyAnswerVersion], said: Said, now: datetime) -> bool:
    """Mark answers from the page as suspect if an answer with another score follows within `TOO_QUICK`. Return True if there
    were any."""
    hasty = [one for one in versions if one.said_at > now - TOO_QUICK and one.way == AnswerWay.PAGE]
    hasty = [one for one in hasty if one.said["score"] != said.score]
    for one in hasty:
        one.is_suspect = True
    return bool(hasty)


def _said_of(answer: SurveyAnswer) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in Said.__dataclass_fields__}


def _new_version(
    session: Session, invitation_id: uuid.UUID, said: Said, way: AnswerWay, is_suspect: bool, now: datetime
) -> SurveyAnswerVersion:
    row = SurveyAnswerVersion(id=new_id(), invitation_id=invitation_id, said=asdict(said), way=way, said_at=now)
    row.is_suspect = is_suspect
    session.add(row)
    session.flush()
    return row


def _tell(session: Session, invitation: SurveyInvitation, answer: SurveyAnswer, *, is_change: bool, now: datetime) -> None:
    """Record `SurveyAnswered`. Among the bad answers to one question, only the first event has `is_alarm`."""
    alarm = is_bad(invitation.kind, answer) and not answer.is_suspect and not answer.is_followed_up
    if alarm:
        answer.is_followed_up = True
    session.flush()
    payload: dict[str, Any] = {
        "invitation_id": str(invitation.id),
        "kind": invitation.kind.value,
        "score": answer.score,
        "is_solved": answer.is_solved,
        "is_change": is_change,
        "is_suspect": answer.is_suspect,
        "is_alarm": alarm,
    }
    subject = Subject(brand_id=invitation.brand_id, thread_id=invitation.thread_id)
    record(session, "SurveyAnswered", subject=subject, now=now, payload=payload)

"""Make the demo's survey and its answers, which the page of figures shows."""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.work import DONE
from app.domain.events.actions import SYSTEM
from app.domain.surveys.actions import OPEN_FOR, Said, SurveyContent, save_survey
from app.domain.surveys.models import AnswerWay, SurveyAnswer, SurveyAnswerVersion, SurveyInvitation, SurveyKind, SurveyOutcome
from app.domain.surveys.tokens import hash_of
from app.domain.threads.models import Message, MessageType, Thread

SCORES = (5, 5, 5, 5, 4, 4, 4, 3, 2)
COMMENTS = {
    5: ("Snel en vriendelijk geholpen!", "De monteur was er binnen een dag.", "Top, dank jullie wel."),
    4: ("Goed opgelost, wel even moeten wachten.", ""),
    3: ("Het duurde lang voordat ik iemand sprak.",),
    2: ("Ik moest drie keer hetzelfde uitleggen.",),
}
MOST = 60


def make_surveys(session: Session, dice: random.Random, *, brand_id: uuid.UUID, now: datetime) -> None:
    """Make the survey, and invitations to customers whose threads are resolved. About six in ten are answered."""
    content = SurveyContent(is_on=True, questions={})
    survey = save_survey(session, brand_id=brand_id, kind=SurveyKind.CSAT, content=content, actor=SYSTEM, now=now)
    over = sa.and_(Thread.brand_id == brand_id, Thread.resolved_at < now - timedelta(days=2), Thread.contact_id.is_not(None))
    mail = Thread.medium.in_(("email", "whatsapp"))
    asked = set[uuid.UUID]()
    for thread in session.execute(sa.select(Thread).where(over, mail).order_by(Thread.number)).scalars().all():
        if thread.contact_id is None or thread.contact_id in asked or thread.resolved_at is None or len(asked) >= MOST:
            continue
        asked.add(thread.contact_id)
        row = _asked(session, survey.id, thread, thread.resolved_at + timedelta(hours=25 if thread.medium == "email" else 1))
        if row.rated_user_id is not None and dice.random() < 0.6:
            _answered(session, dice, row)
    session.flush()


def _asked(session: Session, survey_id: uuid.UUID, thread: Thread, at: datetime) -> SurveyInvitation:
    ours = sa.and_(Message.thread_id == thread.id, Message.message_type == MessageType.OUTGOING, Message.automatic.is_(None))
    writer = sa.select(Message.sender_user_id).where(ours, Message.sender_user_id.is_not(None)).order_by(Message.seq.desc())
    row = SurveyInvitation(id=new_id(), survey_id=survey_id, kind=SurveyKind.CSAT, brand_id=thread.brand_id, thread_id=thread.id)
    row.contact_id, row.channel_id, row.medium, row.team_id = thread.contact_id, thread.channel_id, thread.medium, thread.team_id
    row.rated_user_id = session.execute(writer.limit(1)).scalar_one_or_none()
    row.thread_type, row.priority, row.language = thread.thread_type.value, thread.priority.value, "nl"
    row.state, row.attempts, row.outcome, row.reason = DONE, 1, SurveyOutcome.SENT, ""
    row.planned_at, row.sent_at, row.ended_at, row.expires_at, row.run_at = thread.resolved_at or at, at, at, at + OPEN_FOR, at
    row.token_hash = hash_of(row.id.hex[-22:])  # the random end of the id stands for a token
    session.add(row)
    session.flush()
    return row


def _answered(session: Session, dice: random.Random, row: SurveyInvitation) -> None:
    score, at = dice.choice(SCORES), (row.sent_at or row.planned_at) + timedelta(minutes=dice.randrange(5, 600))
    comment = dice.choice(COMMENTS[score]) if dice.random() < 0.5 else ""
    said = Said(score, score > 2, min(5, score + dice.choice((0, 0, -1))) or 1, 5 if score > 3 else 3, comment)
    answer = SurveyAnswer(invitation_id=row.id, is_suspect=False, is_followed_up=True, way=AnswerWay.PAGE, **vars(said))
    answer.first_at = answer.changed_at = at
    version = SurveyAnswerVersion(id=new_id(), invitation_id=row.id, said=vars(said), way=AnswerWay.PAGE, said_at=at)
    version.is_suspect = False
    session.add_all([answer, version])

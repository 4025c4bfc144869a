"""Plan which contacts get a survey question, and when. The caller owns the transaction.

When a matter is reopened, its unsent question is cancelled. If a contact is not asked, a row with the reason is stored, for
the thread's page.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock, table_of
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import DONE, READY, RUNNING
from app.domain.accounts.models import User
from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent, ContactIdentity
from app.domain.delivery.third_parties import FORWARD_OF
from app.domain.surveys.models import Survey, SurveyInvitation, SurveyKind, SurveyOutcome
from app.domain.surveys.queries import last_asked_at
from app.domain.surveys.texts import LANGUAGES
from app.domain.surveys.times import ask_at
from app.domain.surveys.tokens import hash_of, survey_token
from app.domain.threads.models import Message, MessageType, Thread

GOES_ON = N_("The thread continued before the survey was sent.")
IS_SPAM = N_("The thread was marked as spam.")
NOBODY = N_("No contact is known.")
INTERNAL = N_("The thread is an internal ticket.")
NOT_ASKED = N_("The customer did not send a message.")
UNANSWERED = N_("No agent answered.")
REFUSED = N_("The contact opted out of surveys.")
SEVERAL = N_("Several customers wrote in this thread.")
OWN = N_("The contact is a colleague.")
SAMPLE = N_("Not in the sample: only some customers get the survey.")
LATELY = known("This customer already got a survey %(days)s days ago.")
MEDIA = frozenset({"email", "whatsapp", "sms"})
NO_MEDIUM = N_("This channel does not support surveys.")
CAMPAIGN_MOST = 500
INVITATIONS = table_of(SurveyInvitation)


def plan_survey(session: Session, survey: Survey, thread: Thread, *, now: datetime) -> SurveyInvitation:
    """Plan the question about the matter that ended on a locked thread. If it is not asked, store the reason in the same row."""
    cancel_planned(session, thread.id, GOES_ON, now=now)
    row = _new(session, survey, thread, now)
    row.run_at = ask_at(survey, medium=row.medium, now=now)
    reason = why_not(session, survey, thread, now=now) or ("" if _is_drawn(survey, row) else SAMPLE)
    if reason:
        end(row, SurveyOutcome.WITHHELD, reason, now)
    session.add(row)
    session.flush()
    return row


def plan_campaign(session: Session, survey: Survey, *, days: int, now: datetime) -> int:
    """Plan the mail with the question whether a contact recommends the brand, for contacts whose matter ended in the last
    `days` days.

    Return the number of planned questions. Nobody is asked twice within the survey's `min_days`, so a second run on the same
    day asks nobody again.
    """
    advisory_xact_lock(session, f"survey-campaign:{survey.brand_id}")
    ended = sa.and_(Thread.brand_id == survey.brand_id, Thread.resolved_at >= now - timedelta(days=days))
    by_mail = sa.and_(Thread.medium == "email", Thread.contact_id.is_not(None), Thread.spam_at.is_(None))
    newest = sa.select(Thread.id).where(ended, by_mail).ext(postgresql.distinct_on(Thread.contact_id))
    newest = newest.order_by(Thread.contact_id, Thread.resolved_at.desc(), Thread.id)
    asked = 0
    for thread_id in session.execute(newest.limit(CAMPAIGN_MOST)).scalars().all():
        thread = session.get_one(Thread, thread_id)
        row = _new(session, survey, thread, now)
        if why_not(session, survey, thread, now=now) or not _is_drawn(survey, row) or _is_planned(session, row):
            continue
        row.run_at = ask_at(survey, medium="email", now=now - timedelta(hours=survey.delay_hours))
        session.add(row)
        asked += 1
    session.flush()
    return asked


def why_not(session: Session, survey: Survey, thread: Thread, *, now: datetime) -> str:
    """Return the reason why the thread's contact may not be asked, as it is stored with the question. Return "" if there is
    none.

    This is called when the question is planned, and again when it is sent.
    """
    if thread.spam_at is not None:
        return IS_SPAM
    if thread.is_ticket:
        return INTERNAL
    if thread.contact_id is None:
        return NOBODY
    if thread.medium not in MEDIA:
        return NO_MEDIUM
    consent = session.get(ContactConsent, (thread.contact_id, ConsentPurpose.SURVEY), populate_existing=True)
    if consent is not None and not consent.is_given:
        return REFUSED
    last = last_asked_at(session, thread.contact_id, survey.brand_id, survey.kind)
    if last is not None and now - last < timedelta(days=survey.min_days):
        return LATELY % {"days": max(0, (now - last).days)}
    return _why_not_them(session, thread)


def _why_not_them(session: Session, thread: Thread) -> str:
    theirs = sa.and_(Message.message_type == MessageType.INCOMING, Message.automatic.is_(None))
    ours = sa.and_(Message.message_type == MessageType.OUTGOING, Message.automatic.is_(None), ~Message.meta.has_key(FORWARD_OF))
    counts = sa.select(
        sa.func.count(sa.distinct(Message.sender_contact_id)).filter(theirs).label("people"),
        sa.func.count().filter(theirs).label("asked"),
        sa.func.count().filter(ours, Message.sender_user_id.is_not(None)).label("answered"),
    ).where(Message.thread_id == thread.id)
    row = session.execute(counts).one()
    if not row.asked:
        return NOT_ASKED
    if not row.answered:
        return UNANSWERED
    if row.people > 1:
        return SEVERAL
    address = sa.select(ContactIdentity.value).where(
        ContactIdentity.contact_id == thread.contact_id, ContactIdentity.kind == "email"
    )
    return OWN if session.execute(sa.select(User.id).where(User.email.in_(address)).limit(1)).first() else ""


def cancel_planned(session: Session, thread_id: uuid.UUID, reason: str, *, now: datetime) -> None:
    """Cancel the unsent questions and reminders about a thread's matter. A worker that is sending one of them loses its lease."""
    waiting = sa.and_(
        INVITATIONS.c.thread_id == thread_id,
        INVITATIONS.c.state.in_((READY, RUNNING)),
        INVITATIONS.c.kind == SurveyKind.CSAT,
    )
    values = {"state": DONE, "ended_at": now, "lease_token": None, "lease_until": None}
    unsent = sa.update(INVITATIONS).where(waiting, INVITATIONS.c.sent_at.is_(None))
    session.execute(unsent.values(outcome=SurveyOutcome.CANCELLED, reason=reason, **values))
    reminders = sa.update(INVITATIONS).where(waiting, INVITATIONS.c.sent_at.is_not(None))
    session.execute(reminders.values(outcome=SurveyOutcome.SENT, **values))


def end(row: SurveyInvitation, outcome: SurveyOutcome, reason: str, now: datetime) -> None:
    row.state, row.outcome, row.reason, row.ended_at = DONE, outcome, reason, now


def _new(session: Session, survey: Survey, thread: Thread, now: datetime) -> SurveyInvitation:
    contact = session.get(Contact, thread.contact_id) if thread.contact_id else None
    row = SurveyInvitation(id=new_id(), survey_id=survey.id, kind=survey.kind, brand_id=thread.brand_id, thread_id=thread.id)
    row.contact_id, row.channel_id, row.medium = thread.contact_id, thread.channel_id, thread.medium
    row.rated_user_id, row.team_id = _answered_last(session, thread), thread.team_id
    row.thread_type, row.priority = thread.thread_type.value, thread.priority.value
    row.language = contact.language if contact is not None and contact.language in LANGUAGES else LANGUAGES[0]
    row.state, row.attempts, row.planned_at, row.run_at, row.reason = READY, 0, now, now, ""
    row.token_hash = hash_of(survey_token(row.id, runtime().settings.secret_key))
    return row


def _answered_last(session: Session, thread: Thread) -> uuid.UUID | None:
    query = sa.select(Message.sender_user_id).where(
        Message.thread_id == thread.id,
        Message.message_type == MessageType.OUTGOING,
        Message.automatic.is_(None),
        Message.sender_user_id.is_not(None),
    )
    return session.execute(query.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(1)).scalar_one_or_none()


def _is_drawn(survey: Survey, row: SurveyInvitation) -> bool:
    """Return True if the question is in the sample of `sample_percent`. The random part of its id decides."""
    return int.from_bytes(row.id.bytes[-4:]) % 100 < survey.sample_percent


def _is_planned(session: Session, row: SurveyInvitation) -> bool:
    same = sa.and_(
        SurveyInvitation.contact_id == row.contact_id,
        SurveyInvitation.brand_id == row.brand_id,
        SurveyInvitation.kind == row.kind,
        SurveyInvitation.state.in_((READY, RUNNING)),
    )
    return session.execute(sa.select(SurveyInvitation.id).where(same).limit(1)).first() is not None

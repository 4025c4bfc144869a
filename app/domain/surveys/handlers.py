"""Event handlers for surveys: plan a question, follow merges, create a follow-up task.

They run in the transaction of the change (see app/wiring.py).
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.text import known
from app.domain.accounts.models import BrandMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.contacts.models import Contact, ContactMerge
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.surveys.models import Survey, SurveyInvitation, SurveyKind
from app.domain.surveys.planning import GOES_ON, IS_SPAM, cancel_planned, plan_survey
from app.domain.surveys.queries import find_survey
from app.domain.tasks.actions import TaskContent, add_task
from app.domain.tasks.models import TaskType
from app.domain.threads.models import Priority, Thread
from app.domain.threads.row_moves import move_rows, parse_move, return_rows

INVITATIONS = table_of(SurveyInvitation)
CLOSED = frozenset({"resolved", "closed"})
DISAPPOINTED = known("%(name)s was disappointed (%(score)s out of %(most)s): get in touch")


def follow_status(session: Session, event: Event) -> None:
    """Handle `ThreadStatusChanged`: plan a question if a person resolved a matter. Cancel the question if the matter is
    reopened."""
    former, latter = event.payload.get("from"), event.payload.get("to")
    if event.thread_id is None or event.brand_id is None:
        return
    if former in CLOSED and latter not in CLOSED:
        cancel_planned(session, event.thread_id, GOES_ON, now=event.occurred_at)
    if former in CLOSED or latter not in CLOSED or event.actor_user_id is None:
        return
    survey = find_survey(session, event.brand_id, SurveyKind.CSAT)
    thread = session.get(Thread, event.thread_id)
    if survey is not None and survey.is_on and thread is not None:
        plan_survey(session, survey, thread, now=event.occurred_at)


def follow_spam(session: Session, event: Event) -> None:
    """Handle `ThreadMarkedSpam`: cancel the thread's questions that are not sent yet."""
    if event.thread_id is not None:
        cancel_planned(session, event.thread_id, IS_SPAM, now=event.occurred_at)


def make_follow_up(session: Session, event: Event) -> None:
    """Handle `SurveyAnswered`: after a bad answer, create a task for tomorrow for a team lead who is not the rated person."""
    if not event.payload["is_alarm"] or event.brand_id is None:
        return
    invitation = session.get_one(SurveyInvitation, uuid.UUID(event.payload["invitation_id"]))
    survey = session.get_one(Survey, invitation.survey_id)
    contact = session.get(Contact, invitation.contact_id) if invitation.contact_id else None
    name = contact.name if contact is not None and contact.name else "?"
    most = 5 if invitation.kind == SurveyKind.CSAT else 10
    title = DISAPPOINTED % {"name": name, "score": event.payload["score"], "most": most}
    content = TaskContent(
        brand_id=event.brand_id,
        title=title[:300],
        task_type=TaskType.FOLLOW_UP,
        priority=Priority.HIGH,
        assignee_user_id=_lead(session, event.brand_id, invitation.rated_user_id),
        due_date=event.occurred_at.astimezone(ZoneInfo(survey.zone)).date() + timedelta(days=1),
        thread_id=event.thread_id,
        zone=survey.zone,
    )
    add_task(session, content, now=event.occurred_at, actor=SYSTEM, caused_by=event)


def follow_merged_thread(session: Session, event: Event) -> None:
    """Handle `ThreadsMerged` and `SplitUndone`: move questions of the removed thread to the kept thread."""
    move = parse_move(event)
    if move.gone is not None:
        move_rows(session, INVITATIONS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def go_back(session: Session, event: Event) -> None:
    """Handle `MergeUndone` and `SplitUndone`: move questions back to the thread from which they came."""
    move = parse_move(event)
    return_rows(session, INVITATIONS, move_id=move.id, origin=move.origin, target=move.target)


def follow_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactsMerged`: move questions to the kept contact. The ids of the questions are stored in the merge, for an
    undo."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    moved = _give(session, SurveyInvitation.contact_id == merge.merged_id, merge.kept_id)
    merge.moved = {**merge.moved, "survey_invitations": moved}
    session.flush()


def give_back_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactMergeUndone`: give questions back to the contact from which they came."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    moved = SurveyInvitation.id.in_(merge.moved.get("survey_invitations", []))
    _give(session, sa.and_(moved, SurveyInvitation.contact_id == merge.kept_id), merge.merged_id)


def _give(session: Session, which: sa.ColumnElement[bool], contact_id: uuid.UUID) -> list[str]:
    statement = sa.update(SurveyInvitation).where(which).values(contact_id=contact_id).returning(SurveyInvitation.id)
    return [str(row_id) for row_id in session.execute(statement.execution_options(synchronize_session=False)).scalars()]


def _lead(session: Session, brand_id: uuid.UUID, rated: uuid.UUID | None) -> uuid.UUID | None:
    """Return the id of the brand's first team lead by name, other than the rated person. Return None if there is none."""
    member = sa.and_(BrandMember.brand_id == brand_id, BrandMember.user_id == User.id)
    leads = sa.and_(users_with(Permission.ESCALATIONS_RECEIVE), User.disabled_at.is_(None), sa.exists().where(member))
    query = sa.select(User.id).where(leads)
    if rated is not None:
        query = query.where(User.id != rated)
    return session.execute(query.order_by(User.name, User.id).limit(1)).scalar_one_or_none()

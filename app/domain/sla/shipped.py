"""Create the calendars and policies with which a new installation starts. The caller owns the transaction."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand
from app.domain.events.actions import Actor
from app.domain.sla.actions import CalendarContent, change_calendar, create_policy
from app.domain.sla.queries import list_calendars, list_policies
from app.domain.sla.rules import DEFAULT_CALENDAR, DEFAULT_TASK_MINUTES, TECHNICAL_ISSUES
from app.domain.sla.task_due import set_task_minutes

BEHIND_CHATS = 2  # a technical issue that comes as a chat is answered in the shorter time


def ship_defaults(session: Session, *, now: datetime, actor: Actor) -> None:
    """Create the default rules together with the first brand, if nobody has changed calendars or policies yet.

    Office hours are 8 to 17, technical issues are answered within two hours, and each priority has a due time for tasks.
    """
    calendars, policies = list_calendars(session), list_policies(session)
    versions = {*(row.calendar.version for row in calendars), *(row.policy.version for row in policies)}
    brands = session.execute(sa.select(sa.func.count()).select_from(Brand)).scalar_one()
    if brands != 1 or len(calendars) != 1 or versions != {1}:
        return
    hours = calendars[0].rules.model_copy(update={"week": DEFAULT_CALENDAR.week})
    for_all = CalendarContent(calendars[0].calendar.name, hours)
    change_calendar(session, calendars[0].calendar.id, for_all, now=now, actor=actor)
    create_policy(session, TECHNICAL_ISSUES, position=BEHIND_CHATS, now=now, actor=actor)
    set_task_minutes(session, DEFAULT_TASK_MINUTES, now=now, actor=actor)

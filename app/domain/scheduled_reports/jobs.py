"""Jobs that queue due reports and send them, each at most once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import force_locale
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer, Outcome
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.log import get_logger
from app.core.promises import Ended, Failed, Later, Promise, keep
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.work import Lease
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import User
from app.domain.accounts.permissions import Permission, role_may
from app.domain.analytics.figures import read_state
from app.domain.notifications.mail.compose import compose
from app.domain.notifications.mail.smtp import UNKNOWN
from app.domain.notifications.senders import mail_sender
from app.domain.scheduled_reports import actions
from app.domain.scheduled_reports.actions import SENDS
from app.domain.scheduled_reports.contents import read_contents
from app.domain.scheduled_reports.models import ReportSchedule, ReportSend
from app.domain.scheduled_reports.report_mail import report_mail

log = get_logger(__name__)
LAG, WAITS = timedelta(seconds=60), timedelta(minutes=30)
"""Figures that are further behind are waited for, but not for ever."""
TRIES = 8  # within about five hours
NO_ACCOUNT = N_("Not sent: the account of this person is closed.")
NO_PERMISSION = N_("Not sent: this person no longer has access to everyone's analytics.")
NO_BRAND = N_("Not sent: this person no longer has access to this brand.")
OWNER_GONE = N_("Not sent: the author of this report no longer has an account or no longer has access to everyone's analytics.")
_NOW = sa.func.clock_timestamp()


def plan_reports(**_ignored: Any) -> int:
    """Periodic job: queue the reports that are due. Return how many. The outbox relay then starts the sending."""
    if not mail_sender().is_set_up:
        return 0
    with transaction() as session:
        return actions.plan_sends(session, now=utc_now())


def send_report(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: send one report, at most once."""
    keep(REPORTS, uuid.UUID(row_id))


def _prepare(session: Session, lease: Lease) -> tuple[str, EmailMessage] | Ended | Later:
    now = utc_now()
    row = session.get_one(ReportSend, lease.row_id, populate_existing=True)
    if row.calling_at is not None:
        return _ended(Outcome.UNKNOWN, UNKNOWN)
    schedule = session.get_one(ReportSchedule, row.schedule_id, populate_existing=True)
    user = session.get_one(User, row.user_id, populate_existing=True)
    owner = session.get_one(User, schedule.owner_user_id, populate_existing=True)
    viewer = viewer_of(session, user)
    refusal = _refusal(schedule, viewer, user, owner)
    if refusal:
        return _ended(Outcome.REFUSED, refusal)
    since = read_state(session).waiting_since
    if since is not None and now - since > LAG and now - row.due_at < WAITS:
        return Later(60, is_try=False)
    mail = _write(session, row, schedule, viewer, owner.name)
    session.execute(sa.update(SENDS).where(SENDS.c.id == row.id).values(calling_at=_NOW))
    return user.email, mail


def _write(session: Session, row: ReportSend, schedule: ReportSchedule, viewer: Viewer, owner: str) -> EmailMessage:
    with force_locale(viewer.locale):
        contents = read_contents(
            session,
            viewer,
            name=schedule.name,
            args=schedule.args,
            is_open=schedule.is_open,
            first=row.first_day,
            last=row.last_day,
        )
        base, zone = runtime().settings.public_url, ZoneInfo(viewer.timezone)
        mail = report_mail(viewer, contents, reference=row.id.hex, base=base, zone=zone, owner=owner)
    return compose(mail, sender=mail_sender().sender, now=utc_now())


def _refusal(schedule: ReportSchedule, viewer: Viewer, user: User, owner: User) -> str:
    """Return the reason why this recipient does not get the report. Return "" if there is none."""
    if owner.disabled_at is not None or not role_may(owner.role, Permission.ANALYTICS_SEE):
        return OWNER_GONE
    if user.disabled_at is not None:
        return NO_ACCOUNT
    if not viewer.may(Permission.ANALYTICS_SEE):
        return NO_PERMISSION
    brand = schedule.args.get("brand")
    seen = {str(one) for one in viewer.brand_ids}
    return NO_BRAND if not seen or (brand is not None and brand not in seen) else ""


def _ended(outcome: Outcome, error: str = "") -> Ended:
    return Ended({"outcome": outcome, "error": error[:500], "calling_at": None, "ended_at": _NOW})


def _note(_session: Session, _mail: tuple[str, EmailMessage], answer: Answer) -> Ended | Failed:
    log.info("report_mail", outcome=answer.outcome.value if answer.outcome else "later")
    if answer.outcome is not None:
        return _ended(answer.outcome, "" if answer.ok else answer.words)
    return Failed(_ended(Outcome.REFUSED, answer.words), {"error": answer.words[:500], "calling_at": None})


REPORTS = Promise(SENDS, _prepare, lambda mail: mail_sender().send(mail[1], to=mail[0]), _note, tries=TRIES)

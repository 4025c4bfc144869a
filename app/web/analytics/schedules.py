"""Pages of scheduled reports (by mail): create, change, pause, test, delete."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.analytics import words
from app.domain.notifications.senders import mail_sender
from app.domain.scheduled_reports.actions import (
    MOST_RECIPIENTS,
    ScheduleContent,
    ScheduleNameTaken,
    TooManySchedules,
    UnknownRecipients,
    ask_for_test,
    change_schedule,
    delete_schedule,
    leave_schedule,
    make_schedule,
    pause_schedule,
)
from app.domain.scheduled_reports.due import Rhythm
from app.domain.scheduled_reports.models import Every, ReportSchedule
from app.domain.scheduled_reports.queries import ScheduleMissing, get_schedule, list_possible_recipients, list_schedules
from app.web import error_pages
from app.web.accounts.session import require
from app.web.analytics.asked import parse
from app.web.analytics.blueprint import bp
from app.web.analytics.choices import read_choices
from app.web.analytics.sends import EVERY_NAMES, rhythm_words
from app.web.pages import page

NAME_CHARACTERS = 80
LIMITS = {"weekday": 6, "month_day": 31, "hour": 23}
_USUAL = {"weekday": "0", "month_day": "1", "hour": "7"}


@bp.errorhandler(ScheduleMissing)
def _missing(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.get("/analytics/schedules")
def schedules() -> ResponseReturnValue:
    """Show the scheduled reports that the viewer owns or receives."""
    viewer = require(Permission.ANALYTICS_SEE)
    found = list_schedules(db.session(), viewer)
    now = utc_now()
    shown = [
        (row, rhythm_words(row.schedule), row.next(viewer.timezone, now).at, _filters(viewer, row.schedule.args)) for row in found
    ]
    return page("analytics/schedules.html", rows=shown, me=viewer.user_id, has_mail=mail_sender().is_set_up)


@bp.get("/analytics/schedules/new")
def new_schedule() -> ResponseReturnValue:
    """Show the form of a new scheduled report. The URL has the arguments of the report to send."""
    viewer = require(Permission.ANALYTICS_SEE)
    args = parse(request.args, timezone=viewer.timezone, now=utc_now()).args()
    values = {"name": "", "every": Every.WEEK.value, **_USUAL, "report": urlencode(args)}
    return _form(viewer, None, values, {str(viewer.user_id)})


@bp.post("/analytics/schedules")
def add_schedule() -> ResponseReturnValue:
    """Add a scheduled report."""
    return _save(require(Permission.ANALYTICS_SEE), None)


@bp.get("/analytics/schedules/<uuid:schedule_id>")
def edit_schedule(schedule_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of one of the viewer's scheduled reports, with the state of its mails."""
    viewer = require(Permission.ANALYTICS_SEE)
    found = get_schedule(db.session(), viewer, schedule_id)
    return _form(viewer, found.schedule, _values(found.schedule), {str(one.id) for one in found.recipients})


@bp.post("/analytics/schedules/<uuid:schedule_id>")
def save_schedule(schedule_id: uuid.UUID) -> ResponseReturnValue:
    """Change a scheduled report."""
    viewer = require(Permission.ANALYTICS_SEE)
    return _save(viewer, get_schedule(db.session(), viewer, schedule_id).schedule)


@bp.post("/analytics/schedules/<uuid:schedule_id>/pause")
def set_pause(schedule_id: uuid.UUID) -> ResponseReturnValue:
    """Pause a scheduled report if `paused` is "yes", else resume it."""
    viewer, is_paused = require(Permission.ANALYTICS_SEE), request.form.get("paused") == "yes"
    with transaction() as session:
        pause_schedule(session, viewer, schedule_id, is_paused=is_paused, now=utc_now())
    flash(_("The email report is paused.") if is_paused else _("We will send the report on schedule again."))
    return _back()


@bp.post("/analytics/schedules/<uuid:schedule_id>/test")
def try_schedule(schedule_id: uuid.UUID) -> ResponseReturnValue:
    """Send the report to the viewer now."""
    viewer = require(Permission.ANALYTICS_SEE)
    with transaction() as session:
        ask_for_test(session, viewer, schedule_id, now=utc_now())
    runtime().nudger.nudge()
    flash(
        _("The report is on its way to %(address)s.", address=viewer.email)
        if mail_sender().is_set_up
        else _("No mail server: an administrator must set SMTP_URL.")
    )
    return _back()


@bp.post("/analytics/schedules/<uuid:schedule_id>/deletion")
def drop_schedule(schedule_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a scheduled report."""
    viewer = require(Permission.ANALYTICS_SEE)
    with transaction() as session:
        delete_schedule(session, viewer, schedule_id, now=utc_now())
    flash(_("Deleted."))
    return _back()


@bp.post("/analytics/schedules/<uuid:schedule_id>/leave")
def leave(schedule_id: uuid.UUID) -> ResponseReturnValue:
    """Take the viewer off the recipients of a scheduled report, whoever made it."""
    viewer = require(Permission.ANALYTICS_SEE)
    with transaction() as session:
        if not leave_schedule(session, viewer, schedule_id):
            abort(404)
    flash(_("You no longer receive this report."))
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("analytics.schedules"), 303)


def _save(viewer: Viewer, former: ReportSchedule | None) -> ResponseReturnValue:
    names = ("name", "every", *LIMITS, "report")
    values = {name: storable(request.form.get(name, ""))[:2000].strip() for name in names}
    chosen = set(request.form.getlist("to"))
    content, errors = _read(viewer, values, chosen)
    if content is not None:
        try:
            with transaction() as session:
                if former is None:
                    make_schedule(session, viewer, content, now=utc_now())
                else:
                    change_schedule(session, viewer, former.id, content, now=utc_now())
        except ScheduleNameTaken:
            errors["name"] = _("You already have an email report with this name: choose another name.")
        except TooManySchedules:
            errors["name"] = _("You have the maximum number of email reports: delete one first.")
        except UnknownRecipients:
            errors["to"] = _("Choose 1 to %(most)s recipients from the list.", most=MOST_RECIPIENTS)
        else:
            flash(_("Saved."))
            return _back()
    return _form(viewer, former, values, chosen, errors)


def _read(viewer: Viewer, values: Mapping[str, str], chosen: set[str]) -> tuple[ScheduleContent | None, dict[str, str]]:
    """Parse the form and return (content, errors by field). The content is None if there are errors."""
    errors: dict[str, str] = {}
    name = " ".join(values["name"].split())
    if not 0 < len(name) <= NAME_CHARACTERS:
        errors["name"] = _("Enter a name of at most %(count)s characters.", count=NAME_CHARACTERS)
    if values["every"] not in tuple(Every):
        errors["every"] = _("Choose one from the list.")
    for field, most in LIMITS.items():
        if not (values[field].isascii() and values[field].isdigit() and len(values[field]) < 3 and int(values[field]) <= most):
            errors[field] = _("Choose one from the list.")
    if values["month_day"] == "0":
        errors["month_day"] = _("Choose one from the list.")
    ids = tuple(one for text in sorted(chosen) if (one := _uuid(text)) is not None)
    known = {user.id for user in list_possible_recipients(db.session(), viewer)}
    if not 1 <= len(ids) <= MOST_RECIPIENTS or not known.issuperset(ids):
        errors["to"] = _("Choose 1 to %(most)s recipients from the list.", most=MOST_RECIPIENTS)
    if errors:
        return None, errors
    asked = parse(dict(parse_qsl(values["report"])), timezone=viewer.timezone, now=utc_now())
    rhythm = Rhythm(Every(values["every"]), int(values["weekday"]), int(values["month_day"]), int(values["hour"]))
    return ScheduleContent(name, asked.filters, asked.is_open, rhythm, ids), errors


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _values(row: ReportSchedule) -> dict[str, str]:
    report = urlencode({**row.args, **({} if row.is_open else {"time": "wall"})})
    moment = {"weekday": str(row.weekday), "month_day": str(row.month_day), "hour": str(row.hour)}
    return {"name": row.name, "every": row.every.value, "report": report, **moment}


def _form(
    viewer: Viewer,
    row: ReportSchedule | None,
    values: Mapping[str, str],
    chosen: set[str],
    errors: dict[str, str] | None = None,
) -> ResponseReturnValue:
    args = dict(parse_qsl(values["report"]))
    context: dict[str, Any] = {
        "every_options": [(every.value, _(text)) for every, text in EVERY_NAMES.items()],
        "weekdays": [(str(number), words.weekday_words(number)) for number in range(7)],
        "month_days": [(str(number), str(number)) for number in range(1, 32)],
        "hours": [(str(hour), f"{hour:02}:00") for hour in range(24)],
        "people": [(str(user.id), user.name, user.email) for user in list_possible_recipients(db.session(), viewer)],
        "filters": _filters(viewer, args),
        "is_open": args.get("time") != "wall",
        "sends": get_schedule(db.session(), viewer, row.id).sends if row is not None else (),
    }
    status = 422 if errors else 200
    return page("analytics/schedule.html", row=row, values=values, chosen=chosen, errors=errors or {}, status=status, **context)


def _filters(viewer: Viewer, args: Mapping[str, str]) -> list[str]:
    """Return a report's filters in words."""
    asked = parse(args, timezone=viewer.timezone, now=utc_now())
    if not asked.filters:
        return []
    choices = read_choices(db.session(), viewer, is_own=False)
    return [f"{chip.name}: {chip.value}" for chip in choices.chips(asked)]

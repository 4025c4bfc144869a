"""Settings pages of business calendars. Only administrators can use them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, get_locale
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.sla.actions import ScopeTaken, StillNeeded, archive_calendar, change_calendar, check_calendar, create_calendar
from app.domain.sla.calendar import Calendar, Closed
from app.domain.sla.dry_run import DryRun, dry_run_calendar
from app.domain.sla.public_holidays import name_of
from app.domain.sla.queries import CalendarRow, get_calendar, list_calendars, list_recomputes
from app.domain.sla.rules import StoredCalendar
from app.web.accounts.session import require
from app.web.pages import page
from app.web.sla.blueprint import bp
from app.web.sla.calendar_form import DAYS, CalendarForm, country_choices, form_of, read_form, scope_choices, scope_of
from app.web.sla.hours import clock
from app.web.sla.words import DRY_RUN_WORDS

WEEKS_SHOWN = 5
ZONES = ("Europe/Amsterdam", "Europe/Brussels", "Europe/Berlin", "Europe/Paris", "Europe/London", "America/Toronto", "UTC")


@dataclass(frozen=True)
class PreviewDay:
    """A day of the preview: its hours in words, and the name of its holiday or own day."""

    label: str
    hours: str
    note: str
    is_closed: bool


@bp.get("/settings/calendars")
def calendars() -> ResponseReturnValue:
    """Show every calendar, with its scope and its week."""
    require(Permission.SLA_MANAGE)
    session = db.session()
    return page(
        "sla/calendars/list.html",
        blocks=("recomputes",),
        rows=list_calendars(session),
        recomputes=list_recomputes(session),
        week_words=week_words,
        scopes=dict(scope_choices(session)),
        scope_of=scope_of,
    )


@bp.get("/settings/calendars/new")
def new_calendar() -> ResponseReturnValue:
    require(Permission.SLA_MANAGE)
    return _editor(form_of(None))


@bp.post("/settings/calendars")
def add_calendar() -> ResponseReturnValue:
    """Save a new calendar. If the button `preview` was pressed, save nothing and show the next weeks of what was typed."""
    return _save(None)


@bp.get("/settings/calendars/<uuid:calendar_id>")
def edit_calendar(calendar_id: uuid.UUID) -> ResponseReturnValue:
    require(Permission.SLA_MANAGE)
    row = get_calendar(db.session(), calendar_id)
    return _editor(form_of(row), row=row, rules=row.rules)


@bp.post("/settings/calendars/<uuid:calendar_id>")
def save_calendar(calendar_id: uuid.UUID) -> ResponseReturnValue:
    """Change the calendar from now on. If the button `preview` was pressed, save nothing and show the next weeks of what was
    typed."""
    return _save(calendar_id)


@bp.post("/settings/calendars/<uuid:calendar_id>/deletion")
def remove_calendar(calendar_id: uuid.UUID) -> ResponseReturnValue:
    viewer = require(Permission.SLA_MANAGE)
    row = get_calendar(db.session(), calendar_id)
    try:
        with transaction() as session:
            archive_calendar(session, calendar_id, now=utc_now(), actor=viewer.actor)
    except StillNeeded:
        form = form_of(row)
        form.errors["scope"] = _("You cannot delete this calendar: it applies to everything, or a policy uses it.")
        return _editor(form, row=row, status=422)
    runtime().nudger.nudge()
    flash(_("%(name)s is deleted.", name=row.calendar.name))
    return redirect(url_for("sla.calendars"), 303)


@bp.post("/settings/calendars/dry-run")
@bp.post("/settings/calendars/<uuid:calendar_id>/dry-run", endpoint="dry_run_changed_calendar")
def dry_run_new_calendar(calendar_id: uuid.UUID | None = None) -> ResponseReturnValue:
    """Show what the form would change in the deadlines of the last 30 days; nothing is saved, and the form stays filled in."""
    viewer, session = require(Permission.SLA_MANAGE), db.session()
    row = get_calendar(session, calendar_id) if calendar_id else None
    form = read_form(session)
    if form.content is not None:
        with _naming_scope(form):
            check_calendar(session, form.content, row.calendar if row else None)
    if form.content is None or form.errors:
        return _editor(form, row=row, status=422)
    run = dry_run_calendar(session, form.content, calendar_id=calendar_id, brand_ids=viewer.brand_ids, now=utc_now())
    return _editor(form, row=row, run=run)


def _save(calendar_id: uuid.UUID | None) -> ResponseReturnValue:
    viewer = require(Permission.SLA_MANAGE)
    row = get_calendar(db.session(), calendar_id) if calendar_id else None
    form = read_form(db.session())
    if form.content is None:
        return _editor(form, row=row, status=422)
    if request.form.get("preview"):
        return _editor(form, row=row, rules=form.content.rules)
    with _naming_scope(form), transaction() as session:
        who: dict[str, Any] = {"now": utc_now(), "actor": viewer.actor}
        if calendar_id is None:
            create_calendar(session, form.content, **who)
        else:
            change_calendar(session, calendar_id, form.content, **who)
    if form.errors:
        return _editor(form, row=row, status=422)
    runtime().nudger.nudge()
    flash(_("Saved. We recalculate current deadlines in the background."))
    return redirect(url_for("sla.calendars"), 303)


@contextmanager
def _naming_scope(form: CalendarForm) -> Iterator[None]:
    """Provide a context in which a refused scope of a calendar becomes an error at the form's field."""
    try:
        yield
    except ScopeTaken:
        form.errors["scope"] = _(
            "Another calendar already applies to what you chose under “For”. Change that calendar, or choose something else."
        )
    except StillNeeded:
        form.errors["scope"] = _("Leave “For” on “Everything”: this calendar applies wherever no other calendar does.")


def _editor(
    form: CalendarForm,
    *,
    row: CalendarRow | None = None,
    rules: StoredCalendar | None = None,
    run: DryRun | None = None,
    status: int = 200,
) -> Response:
    return page(
        "sla/calendars/edit.html",
        status=status,
        form=form,
        calendar=row.calendar if row else None,
        scopes=scope_choices(db.session()),
        countries=country_choices(),
        zones=ZONES,
        days=[(name, _weekday(number)) for number, name in enumerate(DAYS)],
        preview=preview_days(rules) if rules else (),
        run=run,
        **DRY_RUN_WORDS,
    )


def preview_days(stored: StoredCalendar, *, weeks: int = WEEKS_SHOWN) -> list[PreviewDay]:
    """Return the days of the next `weeks` weeks, from today on in the calendar's time zone."""
    calendar = Calendar(stored.rules())
    today = utc_now().astimezone(ZoneInfo(stored.zone)).date()
    return [_preview(calendar, today + timedelta(days=number)) for number in range(weeks * 7)]


def _preview(calendar: Calendar, day: date) -> PreviewDay:
    spans, why = calendar.hours_on(day)
    rules = calendar.rules
    note = calendar.own_name(day) or name_of(rules.country, rules.region, day, locale=str(get_locale()))
    if why == Closed.OWN_DAY and not note:
        note = _("Special day")
    hours = ", ".join(f"{clock(begin // 60)}–{clock(end // 60 % 1440 or 1440)}" for begin, end in spans)
    return PreviewDay(str(format_date(day, "EEE d MMM")), hours or _("Closed"), note, not spans)


def week_words(rules: StoredCalendar) -> list[str]:
    """Return the hours of the week in words, such as "Mon–Fri 09:00–17:00". Successive days with the same hours are one entry;
    closed days are left out."""
    found: list[tuple[int, int, str]] = []
    for number, spans in enumerate(rules.week):
        text = ", ".join(f"{clock(begin)}–{clock(end)}" for begin, end in spans)
        if found and found[-1][2] == text:
            found[-1] = (found[-1][0], number, text)
        else:
            found.append((number, number, text))
    return [f"{_span(first, last)} {text}" for first, last, text in found if text]


def _span(first: int, last: int) -> str:
    names = get_locale().days["format"]["abbreviated"]
    return names[first] if first == last else f"{names[first]}–{names[last]}"


def _weekday(number: int) -> str:
    return str(format_date(date(2024, 1, 1 + number), "EEEE")).capitalize()  # 1 January 2024 was a Monday

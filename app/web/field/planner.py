"""Page of the day planner: the technicians and their visits. A visit can be moved by mouse, keyboard or form."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.appointments.actions import AppointmentContent, AppointmentMovedOn, change_appointment, content_of
from app.domain.appointments.queries import AppointmentRow, get_appointment, is_absent
from app.domain.appointments.times import NoSuchTime, instant
from app.domain.field.day_plan import FIRST_HOUR, QUARTERS, DayPlan, day_of, now_column, read_day_plan
from app.domain.field.ways_out import takers, ways_out
from app.web.accounts.session import current_viewer, require
from app.web.appointments.writing import way_back
from app.web.field.blueprint import bp
from app.web.field.day_map import draw_map
from app.web.pages import page

HOURS = tuple(range(FIRST_HOUR, FIRST_HOUR + QUARTERS // 4))


@bp.get("/planner")
def planner() -> ResponseReturnValue:
    """Show the plan of the day `date`. An open page regularly reloads only the block `day-plan`."""
    require(Permission.VISITS_PLAN)
    return _page()


@bp.post("/planner/<uuid:appointment_id>")
def move(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Move a visit to `technician` ("" for nobody) at `time` of `date`. Its length stays the same.

    Answer 409 if somebody else has changed the visit meanwhile.
    """
    viewer = require(Permission.VISITS_PLAN)
    row = get_appointment(db.session(), viewer=viewer, appointment_id=appointment_id)
    content, problem = _content(row, _plan())
    if content is None:
        return _page(problem=problem, status=422)
    seen, undo = request.form.get("version", ""), way_back(row.appointment)
    version = int(seen) if seen.isdecimal() and len(seen) < 10 else None
    try:
        with transaction() as session:
            change_appointment(session, appointment_id, content, if_version=version, now=utc_now(), actor=viewer.actor)
    except AppointmentMovedOn:
        return _page(problem=_("This visit changed in the meantime. Check it again."), status=409)
    runtime().nudger.nudge()
    said = _(
        "%(name)s: visit planned for %(time)s.",
        name=row.contact_name,
        time=f"{content.starts_at.astimezone(row.local_start.tzinfo):%H:%M}",
    )
    if "HX-Request" in request.headers:
        answer = _page(told=said)
        answer.headers["HX-Trigger"] = json.dumps({"toast": {"text": said, "undo_label": _("Undo"), "undo_url": undo}})
        return answer
    flash(said)
    return redirect(url_for("field.planner", date=request.form.get("date")), 303)


def _content(row: AppointmentRow, plan: DayPlan) -> tuple[AppointmentContent | None, str]:
    """Return the moved visit's content and "". If it cannot be moved there, return None and the reason in words."""
    one, form = row.appointment, request.form
    wanted = form.get("technician", "")
    user_id = next((person.user_id for person in plan.people if str(person.user_id) == wanted), None)
    if wanted and user_id is None:
        return None, _("This person cannot see the appointment's brand.")
    try:
        at = time.fromisoformat(form.get("time", "")).replace(tzinfo=None)
        starts_at = instant(plan.day, at, one.zone)
    except (NoSuchTime, ValueError):
        return None, _("Write the time as hours and minutes, like 14:30.")
    if user_id is not None and is_absent(db.session(), user_id, starts_at=starts_at, zone=one.zone):
        return None, _("This person is absent on that day.")
    length = one.ends_at - one.starts_at
    return replace(content_of(one), starts_at=starts_at, ends_at=starts_at + length, technician_user_id=user_id), ""


def _plan() -> DayPlan:
    viewer, now = current_viewer(), utc_now()
    return read_day_plan(db.session(), viewer=viewer, day=day_of(request.values.get("date", ""), viewer, now), now=now)


def _page(*, problem: str = "", told: str = "", status: int = 200) -> Response:
    plan, now = _plan(), utc_now()
    context: dict[str, Any] = {
        "plan": plan,
        "hours": HOURS,
        "earlier": plan.day - timedelta(days=1),
        "later": plan.day + timedelta(days=1),
        "people": [("", _("Unassigned")), *((str(person.user_id), person.name) for person in plan.people)],
        "troubles": [
            (person, block, ways_out(plan, person, block, now=now))
            for person in plan.people
            for block in person.blocks
            if block.is_trouble
        ],
        "takers": takers(plan, now=now),
        "now_column": now_column(plan, viewer_zone=current_viewer().timezone, now=now),
        "problem": problem,
        "told": told,
        "made_at": now,
        "map": draw_map(plan.people, current_app.config["SETTINGS"].map_tiles_url),
    }
    return page("field/planner.html", blocks=("day_plan",), status=status, **context)

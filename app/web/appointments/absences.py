"""Page of absences: days on which the viewer is absent and, for leads, days of the people in their brands."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.appointments.absences import list_absences, note_absence, remove_absence
from app.domain.appointments.queries import list_technicians
from app.web.accounts.refusal import refuse
from app.web.accounts.session import current_viewer
from app.web.appointments.blueprint import bp
from app.web.inbox.words import today
from app.web.pages import page

NOTE_CHARACTERS = 200


@bp.get("/absences")
def absences() -> ResponseReturnValue:
    """Show coming absences with the appointments they affect, and a form for a new one."""
    return _page({})


@bp.post("/absences")
def add_absence() -> ResponseReturnValue:
    """Save that `user` is absent on `date`."""
    viewer, typed = current_viewer(), request.form.to_dict()
    errors: dict[str, str] = {}
    user_id = next((one for one in _people() if str(one) == typed.get("user", str(viewer.user_id))), None)
    if user_id is None:
        errors["user"] = _("Choose one from the list.")
    day = _day(typed.get("date", ""), errors)
    note = " ".join(storable(typed.get("note", "")).split())
    if len(note) > NOTE_CHARACTERS:
        errors["note"] = _("Use at most %(count)s characters.", count=NOTE_CHARACTERS)
    if errors or user_id is None or day is None:
        return _page(typed, errors, status=422)
    with transaction() as session:
        is_new = note_absence(session, user_id=user_id, day=day, note=note, now=utc_now(), actor=viewer.actor)
    runtime().nudger.nudge()
    flash(_("The absence is saved.") if is_new else _("This absence already exists."))
    return redirect(url_for("appointments.absences"), 303)


@bp.post("/absences/<uuid:user_id>/<day>/removal")
def remove(user_id: uuid.UUID, day: str) -> ResponseReturnValue:
    """Remove a day of absence."""
    viewer, known = current_viewer(), _day(day, {})
    if user_id != viewer.user_id and not viewer.may(Permission.ABSENCES_MANAGE):
        refuse(Permission.ABSENCES_MANAGE)
    if user_id not in _people() or known is None:
        abort(404)
    with transaction() as session:
        remove_absence(session, user_id=user_id, day=known, now=utc_now(), actor=viewer.actor)
    flash(_("Removed."))
    return redirect(url_for("appointments.absences"), 303)


def _people() -> dict[uuid.UUID, str]:
    """Return the people whose absences the viewer may enter, as {user id: name}, sorted by name.

    They are the viewer and, for a lead, everybody in the viewer's brands.
    """
    viewer = current_viewer()
    found = {viewer.user_id: viewer.name}
    if viewer.may(Permission.ABSENCES_MANAGE):
        for brand_id in viewer.brand_ids:
            found |= dict(list_technicians(db.session(), brand_id))
    return dict(sorted(found.items(), key=lambda person: (person[1], person[0])))


def _day(text: str, errors: dict[str, str]) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        errors["date"] = _("Write the date as year-month-day, like 2026-12-31.")
        return None
    if not 2000 <= found.year <= 2100:
        errors["date"] = _("Choose a date between 2000 and 2100.")
        return None
    return found


def _page(typed: dict[str, str], errors: dict[str, str] | None = None, *, status: int = 200) -> ResponseReturnValue:
    viewer, people = current_viewer(), _people()
    context: dict[str, Any] = {
        "rows": list_absences(db.session(), viewer=viewer, user_ids=people, since=today()),
        "people": [(str(user_id), name) for user_id, name in people.items()],
        "typed": {"user": str(viewer.user_id), **typed},
        "errors": errors or {},
    }
    return page("appointments/absences.html", status=status, **context)

"""Pages of each person's capacity, skills and hours."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission, role_may
from app.domain.accounts.queries import get_user
from app.domain.routing.actions import set_availability
from app.domain.routing.models import AvailabilityState
from app.domain.routing.queries import Worker, find_profile, list_workers
from app.domain.routing.rule_actions import save_profile
from app.web.accounts.session import require
from app.web.pages import page
from app.web.routing.blueprint import bp
from app.web.routing.forms import DAYS, Filled, form_of_person, read_person


@bp.get("/settings/routing/people")
def workers() -> ResponseReturnValue:
    """Show the users of the viewer's brands: their availability, their open work and their capacity."""
    viewer = require(Permission.CAPACITY_MANAGE)
    return page("routing/people.html", workers=_in_sight(viewer))


@bp.get("/settings/routing/people/<uuid:user_id>")
def worker(user_id: uuid.UUID) -> ResponseReturnValue:
    found, sees_all = _worker(user_id)
    return _editor(found, form_of_person(find_profile(db.session(), user_id), sees_all=sees_all))


@bp.post("/settings/routing/people/<uuid:user_id>")
def save_worker(user_id: uuid.UUID) -> ResponseReturnValue:
    """Save a person's capacity, skills and hours."""
    found, _sees_all = _worker(user_id)
    form, abilities = read_person(request.form.to_dict())
    if abilities is None:
        return _editor(found, form, status=422)
    with transaction() as session:
        save_profile(session, user_id, abilities, actor=require(Permission.CAPACITY_MANAGE).actor, now=utc_now())
    runtime().nudger.nudge()
    flash(_("Saved."))
    return redirect(url_for("routing.workers"), 303)


@bp.post("/settings/routing/people/<uuid:user_id>/away")
def send_away(user_id: uuid.UUID) -> ResponseReturnValue:
    """Set a user away who forgot to do so. This user gets no new threads until they set themselves available again."""
    found, _sees_all = _worker(user_id)
    with transaction() as session:
        set_availability(session, user_id, AvailabilityState.AWAY, now=utc_now(), actor=require(Permission.CAPACITY_MANAGE).actor)
    flash(_("%(name)s is now away and gets no new threads while away.", name=found.name))
    return redirect(url_for("routing.workers"), 303)


def _in_sight(viewer: Viewer) -> list[Worker]:
    brands = set(viewer.brand_ids)
    return [worker for worker in list_workers(db.session(), now=utc_now()) if worker.brands & brands]


def _worker(user_id: uuid.UUID) -> tuple[Worker, bool]:
    found = next((worker for worker in _in_sight(require(Permission.CAPACITY_MANAGE)) if worker.user_id == user_id), None)
    if found is None:
        abort(404)
    return found, role_may(get_user(db.session(), user_id).role, Permission.BRANDS_ALL)


def _editor(found: Worker, form: Filled, *, status: int = 200) -> Response:
    names = get_locale().days["stand-alone"]["wide"]
    days = [(name, names[number].capitalize()) for number, name in enumerate(DAYS)]
    return page("routing/person.html", status=status, worker=found, form=form, days=days)

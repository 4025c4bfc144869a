"""Routes that plan, change, move and cancel appointments."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import flash, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import advisory_xact_lock, db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.appointments.actions import (
    AppointmentContent,
    AppointmentMovedOn,
    change_appointment,
    content_of,
    lock_appointment,
    plan_appointment,
    set_appointment_state,
)
from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.appointments.queries import AppointmentRow, get_appointment, is_absent
from app.domain.transitions.actions import TransitionRefused
from app.web.accounts.session import current_viewer
from app.web.appointments import words
from app.web.appointments.blueprint import bp
from app.web.appointments.forms import AppointmentForm
from app.web.appointments.pages import Choices, choices_of, choices_of_order, choices_of_thread, editor_page
from app.web.inbox.blueprint import parse_uuid


@bp.post("/appointments")
def add_appointment() -> ResponseReturnValue:
    """Plan an appointment from a thread (`thread_id`) or an order (`order_id`).

    The form has a `token`, so that a form sent twice makes only one appointment.
    """
    form = AppointmentForm(request.form.to_dict())
    thread_id, order_id = parse_uuid(form.get("thread_id")), parse_uuid(form.get("order_id"))
    if thread_id is None and order_id is None:
        return _("This choice does not exist; reload the page and try again."), 422
    choices = choices_of_thread(thread_id) if thread_id else choices_of_order(order_id)  # type: ignore[arg-type]
    if choices is None:
        return editor_page(None, status=422)
    content = _content(form, choices)
    if form.errors:
        return editor_page(choices, form, status=422)
    token = parse_uuid(form.get("token")) or uuid.uuid4()
    with transaction() as session:
        made = _plan_once(session, content, token)
    return _done(made, _("Planned: %(when)s", when=_when(made)))


@bp.post("/appointments/<uuid:appointment_id>")
def save_appointment(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Change an appointment. If somebody else has changed it meanwhile, answer 409 with the form and its typed values."""
    row, form = _row(appointment_id), AppointmentForm(request.form.to_dict())
    choices, seen, one = choices_of(row), form.get("version"), row.appointment
    former, undo = (one.starts_at, one.ends_at), way_back(one)
    content = _content(form, choices)
    if form.errors:
        return editor_page(choices, form, row=row, status=422)
    try:
        with transaction() as session:
            if_version = int(seen) if seen.isdecimal() and len(seen) < 10 else None
            who = {"now": utc_now(), "actor": current_viewer().actor}
            changed = change_appointment(session, appointment_id, content, if_version=if_version, **who)  # type: ignore[arg-type]
    except AppointmentMovedOn:
        again = _row(appointment_id)
        return editor_page(choices_of(again), form, row=again, moved_on=True, status=409)
    if former == (changed.starts_at, changed.ends_at):
        return _done(changed, _("Saved."))
    return _done(changed, _("Moved to %(when)s", when=_when(changed)), undo=undo)


@bp.post("/appointments/<uuid:appointment_id>/state")
def set_state(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Set the appointment's `state`: cancelled, done, or planned again."""
    former = _row(appointment_id).appointment.state
    state = next((known for known in AppointmentState if known.value == request.values.get("state")), None)
    if state is None:
        return _("This choice does not exist; reload the page and try again."), 422
    try:
        with transaction() as session:
            one = set_appointment_state(session, appointment_id, state, now=utc_now(), actor=current_viewer().actor)
    except TransitionRefused as refused:
        return " ".join(_(one) for one in refused.reasons), 409
    undo = url_for("appointments.set_state", appointment_id=one.id, state=former.value) if former != state else ""
    said = _("%(when)s: %(state)s", when=_when(one), state=words.appointment_state_words(state))
    return _done(one, said, undo=undo)


@bp.post("/appointments/<uuid:appointment_id>/times")
def set_times(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Undo a move: set the times and the technician that an appointment had before.

    `starts_at` and `ends_at` are ISO times with their offset. An empty `technician` means nobody.
    """
    row, wanted = _row(appointment_id), request.values.get("technician", "")
    starts_at, ends_at, technician = _instant("starts_at"), _instant("ends_at"), parse_uuid(wanted)
    is_known = technician in choices_of(row).technician_ids if wanted else True
    if starts_at is None or ends_at is None or starts_at >= ends_at or not is_known:
        return _("This choice does not exist; reload the page and try again."), 422
    with transaction() as session:
        now_is = content_of(lock_appointment(session, appointment_id))
        content = replace(now_is, starts_at=starts_at, ends_at=ends_at, technician_user_id=technician)
        one = change_appointment(session, appointment_id, content, now=utc_now(), actor=current_viewer().actor)
    return _done(one, _("Moved to %(when)s", when=_when(one)))


def way_back(one: Appointment) -> str:
    """Return the URL that sets an appointment back to its present times and technician, to undo a move later."""
    times: dict[str, Any] = {"starts_at": one.starts_at.isoformat(), "ends_at": one.ends_at.isoformat()}
    return url_for("appointments.set_times", appointment_id=one.id, technician=one.technician_user_id or "", **times)


def _plan_once(session: Session, content: AppointmentContent, token: uuid.UUID) -> Appointment:
    advisory_xact_lock(session, f"appointment:{token}")
    known = session.get(Appointment, token)
    if known is not None and known.brand_id == content.brand_id:
        return known
    more = {} if known is not None else {"appointment_id": token}
    return plan_appointment(session, content, now=utc_now(), actor=current_viewer().actor, **more)


def _content(form: AppointmentForm, choices: Choices) -> AppointmentContent:
    zone = current_viewer().timezone
    content = form.content(choices.about, zone=zone, technicians=choices.technician_ids, orders=choices.order_ids)
    if form.errors or content.technician_user_id is None:
        return content
    if is_absent(db.session(), content.technician_user_id, starts_at=content.starts_at, zone=content.zone):
        form.errors["technician"] = _("This person is absent on that day.")
    return content


def _row(appointment_id: uuid.UUID) -> AppointmentRow:
    return get_appointment(db.session(), viewer=current_viewer(), appointment_id=appointment_id)


def _when(one: Appointment) -> str:
    return words.appointment_when_words(_row(one.id))


def _instant(name: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(request.values.get(name, ""))
    except ValueError:
        return None
    return found if found.tzinfo is not None and 2000 <= found.year <= 2100 else None


def _done(one: Appointment, said: str, *, undo: str = "") -> ResponseReturnValue:
    runtime().nudger.nudge()
    if not request.htmx:
        flash(said)
        return redirect(url_for("appointments.show_appointment", appointment_id=one.id), 303)
    toast: dict[str, Any] = {"text": said, **({"undo_label": _("Undo"), "undo_url": undo} if undo else {})}
    heard = {"toast": toast, "dialog-done": True, "appointments-changed": True, "tasks-changed": True}
    response: Response = make_response("", 204)
    response.headers["HX-Trigger"] = json.dumps({**heard, **({"thread-changed-here": True} if one.thread_id else {})})
    return response

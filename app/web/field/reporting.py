"""Routes that accept the actions of phones, as JSON from the outbox or as plain forms."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.field.access import get_own_visit
from app.domain.field.actions import Answer, NewAction, discard_action, take_action
from app.domain.field.models import FILE_BYTES, ActionKind, PhotoLabel
from app.domain.field.record import known_outcomes
from app.web.accounts.session import current_viewer
from app.web.field.blueprint import bp
from app.web.field.forms import BadAction, read_action
from app.web.field.today import visit_page
from app.web.field.uploads import other_person, store_file

MOST_ACTIONS = 50


@bp.post("/field/actions")
def take_actions() -> ResponseReturnValue:
    """Apply the actions of a phone, each in its own transaction. The body is {"user_id", "actions": […]}.

    Return {"answers": […]} in the order of the actions. An answer is {"id", "outcome", "code", "words", "choices",
    "details"}. Answer 409 if `user_id` is not the signed-in user.
    """
    viewer, said = current_viewer(), request.get_json(silent=True)
    actions = said.get("actions") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(actions, list) or len(actions) > MOST_ACTIONS:
        return jsonify(problem=_("Something is missing; reload the page and try again.")), 422
    if said.get("user_id") != str(viewer.user_id):
        return other_person()
    answers = [_take(viewer, action if isinstance(action, dict) else {}) for action in actions]
    runtime().nudger.nudge()
    return jsonify(user_id=str(viewer.user_id), answers=answers, server_time=utc_now().isoformat())


@bp.post("/field/actions/known")
def tell_known() -> ResponseReturnValue:
    """Return {"outcomes": {id: outcome}} for those actions of {"ids": […]} that have arrived.

    A phone asks this if it lost the answers to its actions.
    """
    said = request.get_json(silent=True)
    ids = (
        [_parse(one) for one in said.get("ids", [])[:500]] if isinstance(said, dict) and isinstance(said.get("ids"), list) else []
    )
    found = known_outcomes(db.session(), user_id=current_viewer().user_id, action_ids=[one for one in ids if one is not None])
    return jsonify(outcomes={str(action_id): outcome.value for action_id, outcome in found.items()})


@bp.post("/field/actions/<uuid:action_id>/discarding")
def discard(action_id: uuid.UUID) -> ResponseReturnValue:
    """Discard an action that may not have arrived yet. An action that has arrived already stays, and its own answer is
    returned."""
    viewer, said = current_viewer(), request.get_json(silent=True)
    device_id = _parse(said.get("device_id")) if isinstance(said, dict) else None
    if isinstance(said, dict) and said.get("user_id", str(viewer.user_id)) != str(viewer.user_id):
        return other_person()
    with transaction() as session:
        answer = discard_action(
            session, action_id, device_id=device_id or uuid.UUID(int=0), user_id=viewer.user_id, now=utc_now()
        )
    return jsonify(_json(action_id, answer))


@bp.post("/visits/<uuid:appointment_id>/actions")
def take_form(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Apply one action that a page without scripts sends as a form, with its picture in the form."""
    viewer = current_viewer()
    get_own_visit(db.session(), viewer=viewer, appointment_id=appointment_id)
    form = request.form.to_dict()
    said: dict[str, Any] = {
        "id": form.get("id"),
        "visit_id": str(appointment_id),
        "kind": form.get("kind"),
        "body": form,
        "occurred_at": utc_now().isoformat(),
    }
    file = request.files.get("file")
    content = file.stream.read(FILE_BYTES + 1) if file is not None else b""
    if content and len(content) <= FILE_BYTES and _parse(form.get("id")) is not None:
        store_file(viewer, uuid.UUID(form["id"]), content)
        said["file_id"] = form["id"]
    try:
        new = read_action(said)
    except BadAction as bad:
        words = _("Take or choose a picture of at most 10 MB.") if bad.field == "file_id" else str(bad)
        return visit_page(appointment_id, problem=words, status=422)
    if new.kind == ActionKind.STEP and new.file_id is not None:
        label, photo_id = PhotoLabel.OBSTACLE.value, uuid.uuid5(new.id, "photo")
        _apply(viewer, replace(new, id=photo_id, kind=ActionKind.PHOTO, body={"label": label}))
        new = replace(new, file_id=None)
    answer = _apply(viewer, new)
    runtime().nudger.nudge()
    if answer.outcome in ("conflict", "refused", "waiting"):
        return visit_page(appointment_id, problem=told(answer.words), status=409 if answer.outcome == "conflict" else 422)
    flash(told(answer.words) or _("Sent to the office."))
    return redirect(url_for("field.visit", appointment_id=appointment_id), 303)


def _take(viewer: Viewer, said: dict[str, Any]) -> dict[str, Any]:
    try:
        new = read_action(said)
    except BadAction as bad:
        refused = Answer("refused", "bad_action", str(bad), details={"field": bad.field})
        return {**_json(None, refused), "id": str(said.get("id", ""))[:60]}
    return _json(new.id, _apply(viewer, new))


def _apply(viewer: Viewer, new: NewAction) -> Answer:
    with transaction() as session:
        return take_action(session, new, viewer=viewer, now=utc_now())


def _json(action_id: uuid.UUID | None, answer: Answer) -> dict[str, Any]:
    return {"id": str(action_id), **vars(answer), "choices": list(answer.choices), "words": told(answer.words)}


def _parse(text: Any) -> uuid.UUID | None:
    known = isinstance(text, str) and re.fullmatch(r"[0-9a-fA-F-]{32,36}", text)
    try:
        return uuid.UUID(text) if known else None
    except ValueError:
        return None

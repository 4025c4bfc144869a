"""Route that sets the type of a thread, on which routing, SLA and rules depend."""

from __future__ import annotations

import uuid

from flask import abort, request
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.translation import gettext as _
from app.domain.threads.actions import lock_thread
from app.domain.threads.edit import change_type
from app.domain.threads.models import ThreadType
from app.domain.threads.queries import get_thread
from app.domain.threads.words import thread_type_words
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.thread import changed

CHOSEN = tuple(kind for kind in ThreadType if kind != ThreadType.INTERNAL_TICKET)


@bp.post("/threads/<uuid:thread_id>/type")
def set_type(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Set the thread's type to `type`. Answers 422 for an unknown type, and for an internal ticket, whose type never changes."""
    viewer, wanted = current_viewer(), request.values.get("type")
    kind = next((one for one in CHOSEN if one.value == wanted), None)
    before = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    if kind is None or before.thread_type == ThreadType.INTERNAL_TICKET:
        abort(422)
    undo = url_for("inbox.set_type", thread_id=before.id, type=before.thread_type.value)
    with transaction() as session:
        change_type(session, lock_thread(session, before.id), kind, now=utc_now(), actor=viewer.actor)
    return changed(before.id, _("Type: %(kind)s", kind=thread_type_words(kind)), undo=undo)


@bp.record_once
def _register_words(state: object) -> None:
    state.app.jinja_env.filters["thread_type_words"] = thread_type_words  # type: ignore[attr-defined]
    state.app.jinja_env.globals["THREAD_TYPES"] = CHOSEN  # type: ignore[attr-defined]

"""Route that edits the subject of a thread."""

from __future__ import annotations

import uuid

from flask import request
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.threads.actions import lock_thread
from app.domain.threads.edit import edit_thread
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.thread import changed

MAX_SUBJECT = 998  # the longest line of a mail


@bp.post("/threads/<uuid:thread_id>/subject")
def set_subject(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Set the thread's subject to `subject`, shortened to what a mail can carry; "" removes it."""
    viewer = current_viewer()
    wanted = " ".join(storable(request.values.get("subject", "")).split())[:MAX_SUBJECT]
    before = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    undo = url_for("inbox.set_subject", thread_id=before.id, subject=before.subject)
    with transaction() as session:
        edit_thread(session, lock_thread(session, before.id), {"subject": wanted}, now=utc_now(), actor=viewer.actor)
    return changed(before.id, _("Subject changed"), undo=undo)

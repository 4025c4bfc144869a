"""Routes that watch and unwatch a thread."""

from __future__ import annotations

import uuid

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.threads.queries import get_thread
from app.domain.threads.watchers import set_watching as set_watching_to
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.thread import changed


@bp.post("/threads/<uuid:thread_id>/watching")
def set_watching(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Make the viewer a watcher of the thread (`watch=on`), or stop this (any other value)."""
    viewer, is_watching = current_viewer(), request.values.get("watch") == "on"
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    with transaction() as session:
        set_watching_to(
            session, thread_id=thread.id, user_id=viewer.user_id, is_watching=is_watching, actor=viewer.actor, now=utc_now()
        )
    said = _("You are now watching this thread") if is_watching else _("You are no longer watching this thread")
    return changed(thread_id, said, undo=url_for("inbox.set_watching", thread_id=thread_id, watch="off" if is_watching else "on"))

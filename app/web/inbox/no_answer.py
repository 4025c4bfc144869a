"""Routes that mark a thread as needing no answer, and undo that."""

from __future__ import annotations

import uuid

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.threads.courtesy import count_as_question
from app.domain.threads.models import ThreadStatus
from app.domain.threads.no_answer import need_answer_again, need_no_answer
from app.domain.threads.queries import get_message, get_thread
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.thread import changed


@bp.post("/threads/<uuid:thread_id>/no-answer")
def set_no_answer(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Mark that the thread needs no answer. With `undo` (the thread's status before) remove the mark and restore this status."""
    viewer, now, before = current_viewer(), utc_now(), request.args.get("undo")
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    if before is not None:
        with transaction() as session:
            status = ThreadStatus(before)
            need_answer_again(session, thread_id=thread.id, status=status, actor=viewer.actor, now=now)
        return changed(thread.id, _("An answer is needed"), undo="")
    undo = url_for("inbox.set_no_answer", thread_id=thread.id, undo=thread.status.value)
    with transaction() as session:
        need_no_answer(session, thread_id=thread.id, actor=viewer.actor, now=now)
    return changed(thread.id, _("No answer needed"), undo=undo)


@bp.post("/messages/<uuid:message_id>/question")
def set_question(message_id: uuid.UUID) -> ResponseReturnValue:
    """Mark that a message needs an answer although it had been taken for mere thanks."""
    viewer = current_viewer()
    message = get_message(db.session(), viewer=viewer, message_id=message_id)
    with transaction() as session:
        thread_id = count_as_question(session, message_id=message.id, actor=viewer.actor, now=utc_now()).id
    return changed(thread_id, _("The thread is open again: an answer is needed"), undo="")

"""Routes that mark a thread as spam, and undo that."""

from __future__ import annotations

import uuid

from flask import request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.threads.queries import get_thread
from app.domain.threads.spam import block_sender, end_spam, lift_block, mark_spam
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.thread import changed


@bp.post("/threads/<uuid:thread_id>/spam")
def set_spam(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Mark the thread as spam; with `block` (any text) its sender is blocked too."""
    viewer, now = current_viewer(), utc_now()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    with transaction() as session:
        mark_spam(session, thread_id=thread.id, actor=viewer.actor, now=now)
        blocked = bool(request.values.get("block")) and block_sender(session, thread_id=thread.id, actor=viewer.actor, now=now)
    said = _("Marked as spam, and the sender is blocked") if blocked else _("Marked as spam")
    undo = url_for("inbox.set_not_spam", thread_id=thread.id, unblock=1 if blocked else None)
    return changed(thread.id, said, undo=undo, goes_on=True)


@bp.post("/threads/<uuid:thread_id>/spam/ending")
def set_not_spam(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Restore the thread as it was before spam; with `unblock` (any text) its sender is unblocked too."""
    viewer, now = current_viewer(), utc_now()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    was_spam, contact_id = thread.spam_at is not None, thread.contact_id
    with transaction() as session:
        ended = end_spam(session, thread_id=thread.id, actor=viewer.actor, now=now)
        if request.values.get("unblock") and contact_id is not None:
            of_brand = {"contact_id": contact_id, "brand_id": ended.brand_id}
            lift_block(session, **of_brand, actor=viewer.actor, now=now, thread=ended)
    undo = url_for("inbox.set_spam", thread_id=thread.id) if was_spam else ""
    return changed(thread.id, _("No longer spam: the thread is as it was before"), undo=undo)

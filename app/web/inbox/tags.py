"""Routes that tag a thread."""

from __future__ import annotations

import uuid

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.threads.queries import get_thread, get_thread_head
from app.domain.threads.tags import TAG_CHARACTERS, BadTag, TagChange, change_tags, clean_tag, known_spelling, list_known_tags
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.thread import changed, thread_context


@bp.get("/threads/<uuid:thread_id>/tags")
def tag_choices(thread_id: uuid.UUID) -> ResponseReturnValue:
    """List the tag menu's options: the thread's tags to remove, the brand's other tags to add."""
    session, viewer = db.session(), current_viewer()
    thread = get_thread(session, viewer=viewer, thread_id=thread_id)
    known = [tag for tag in list_known_tags(session, brand_ids=(thread.brand_id,)) if tag not in thread.tags]
    return render_template("inbox/tag_choices.html", present=thread.tags, known=known, prefix="", field="add")


@bp.post("/threads/<uuid:thread_id>/tags")
def set_tags(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Add tags to the thread (`add`) and remove tags (`remove`)."""
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    try:
        add = [clean_tag(text) for text in request.values.getlist("add") if text.strip() or not request.values.get("remove")]
        with transaction() as session:
            add = [known_spelling(session, tag, viewer=viewer) for tag in add]
            remove = request.values.getlist("remove")
            change = change_tags(session, thread_id=thread.id, add=add, remove=remove, actor=viewer.actor, now=utc_now())
    except BadTag:
        return _refused(thread_id)
    undo = url_for("inbox.set_tags", thread_id=thread.id, add=list(change.removed), remove=list(change.added))
    return changed(thread.id, _said(change), undo=undo if change.added or change.removed else "")


def _said(change: TagChange) -> str:
    if change.added:
        return _("Tagged %(tags)s", tags=", ".join(change.added))
    if change.removed:
        return _("Tag %(tags)s removed", tags=", ".join(change.removed))
    return _("The thread already has that tag")


def _refused(thread_id: uuid.UUID) -> ResponseReturnValue:
    head = get_thread_head(db.session(), viewer=current_viewer(), thread_id=thread_id)
    error = _("A tag is one to %(count)s characters long; a thread has at most 50 tags.", count=TAG_CHARACTERS)
    whole = not request.htmx
    template = "inbox/page.html" if whole else "inbox/head_fragment.html"
    return make_response(render_template(template, **thread_context(head, tag_error=error)), 422)

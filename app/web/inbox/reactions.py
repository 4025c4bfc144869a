"""Route that reacts to a chat message with an emoji."""

from __future__ import annotations

import json
import uuid

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import told
from app.domain.delivery.actions import UnableToReply
from app.domain.delivery.signals import react
from app.domain.threads.queries import get_message
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp


@bp.post("/messages/<uuid:message_id>/reaction")
def set_reaction(message_id: uuid.UUID) -> ResponseReturnValue:
    """React to the message with the form's `emoji`, or remove our reaction if it is "". If this is refused, the answer says
    why."""
    viewer = current_viewer()
    message = get_message(db.session(), viewer=viewer, message_id=message_id)
    emoji, rules = request.form.get("emoji", ""), runtime().adapters.rules["whatsapp_business"]
    said, status = "", 204
    try:
        with transaction() as session:
            react(
                session,
                message_id=message.id,
                emoji=emoji,
                rules=rules,
                actor=viewer.actor,
                author_name=viewer.name,
                now=utc_now(),
            )
    except UnableToReply as error:
        said, status = told(str(error)), 422
    runtime().nudger.nudge()
    if request.htmx:
        toast = {"toast": {"text": said}} if said else {}
        return "", status, {"HX-Trigger": json.dumps({"thread-changed-here": True, **toast}), "HX-Reswap": "none"}
    flash(said or _("Sending your reaction"))
    return redirect(url_for("inbox.show_thread", thread_id=message.thread_id, _anchor=f"item-{message.id}"), 303)

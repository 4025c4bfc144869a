"""Answer a request from a dialog over a thread when its action is done."""

from __future__ import annotations

import json
import uuid

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from htmx_flask import request

from app.core.links import url_for
from app.core.runtime import runtime


def dialog_done(thread_id: uuid.UUID, said: str, *, undo: str) -> ResponseReturnValue:
    """Close the dialog, let the page reload its parts of the thread, and show the toast `said`.

    `undo` is the URL of the toast's undo button, or "" for no button. Without scripts, redirect to the thread.
    """
    runtime().nudger.nudge()
    if not request.htmx:
        flash(said)
        return redirect(url_for("inbox.show_thread", thread_id=thread_id), 303)
    toast = {"text": said, **({"undo_label": _("Undo"), "undo_url": undo} if undo else {})}
    happened = {"dialog-done": True, "orders-changed": True, "thread-changed-here": True, "toast": toast}
    return "", 204, {"HX-Trigger": json.dumps(happened)}

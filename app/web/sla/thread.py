"""Page that explains the SLA clocks of one thread."""

from __future__ import annotations

import uuid

from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db
from app.domain.sla.explain import explain_thread
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.pages import page
from app.web.sla import words
from app.web.sla.blueprint import bp


@bp.get("/threads/<uuid:thread_id>/clocks")
def clocks(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show each SLA clock of the thread with its history, period by period. As a fragment: `#clocks`."""
    session = db.session()
    thread = get_thread(session, viewer=current_viewer(), thread_id=thread_id)
    stories = explain_thread(session, thread, now=utc_now())
    return page("sla/clocks.html", blocks=("clocks",), thread=thread, stories=stories, words=words)

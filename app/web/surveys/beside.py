"""Block of survey answers beside a thread and on a contact's page."""

from __future__ import annotations

import uuid

from flask import abort
from flask.typing import ResponseReturnValue

from app.core.db import db
from app.domain.contacts.queries import contact_exists
from app.domain.surveys.queries import list_of_contact, list_of_thread
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.contacts.blueprint import in_sight
from app.web.pages import page
from app.web.surveys.blueprint import bp


@bp.get("/threads/<uuid:thread_id>/surveys")
def thread_surveys(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the survey invitations of a thread, unsent ones with the reason."""
    get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)
    verdicts = list_of_thread(db.session(), thread_id)
    return page("surveys/beside.html", blocks=("thread_surveys",), verdicts=verdicts, home="thread", home_id=thread_id)


@bp.get("/contacts/<uuid:contact_id>/surveys")
def contact_surveys(contact_id: uuid.UUID) -> ResponseReturnValue:
    """Show the survey answers of a contact, in the reader's brands."""
    viewer = current_viewer()
    if not contact_exists(db.session(), contact_id=contact_id, within=in_sight()):
        abort(404)
    verdicts = list_of_contact(db.session(), contact_id, viewer.brand_ids)
    return page("surveys/beside.html", blocks=("contact_surveys",), verdicts=verdicts, home="contact", home_id=contact_id)

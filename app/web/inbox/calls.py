"""Routes that log a phone call, in a thread or as the first item of a new one."""

from __future__ import annotations

import json
import uuid
from zoneinfo import ZoneInfo

from flask import make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.contacts.models import Contact
from app.domain.threads.actions import NewThread, create_thread, find_by_client_token
from app.domain.threads.calls import Call, Callback, log_call
from app.domain.threads.models import Message
from app.domain.threads.queries import get_thread_head
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.call_form import CallForm, call_choices, call_words, form_of_request
from app.web.inbox.composer import composer_again, refused

bp.add_app_template_filter(call_words)


@bp.post("/threads/<uuid:thread_id>/calls")
def write_call(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Add the record of a call to a thread, and the task to call back if the form asks for one."""
    viewer = current_viewer()
    head = get_thread_head(db.session(), viewer=viewer, thread_id=thread_id)
    form = form_of_request()
    call, callback = read_call(form, name=head.contact.name if head.contact else "")
    if form.errors:
        return refused(head.row.thread.id, 422, kind="call", call_form=form, **call_choices())
    with transaction() as session:
        log_call(
            session,
            thread_id=head.row.thread.id,
            call=call,
            callback=callback,
            actor=viewer.actor,
            author_name=viewer.name,
            now=utc_now(),
            client_token=parse_uuid(request.form.get("client_token")),
        )
    said = {"text": _("Call logged, with a task to call back") if callback else _("Call logged")}
    response = make_response(composer_again(head.row.thread.id, toast=said))
    if callback is not None and "HX-Trigger" in response.headers:
        response.headers["HX-Trigger"] = json.dumps({**json.loads(response.headers["HX-Trigger"]), "tasks-changed": True})
    return response


def read_call(form: CallForm, *, name: str) -> tuple[Call, Callback | None]:
    """Return the call in the form, and the task to call back (None if there is none). Times are in the viewer's time zone.

    Do not use them if `form.errors` is not empty afterwards.
    """
    zone, now = ZoneInfo(current_viewer().timezone), utc_now()
    call = form.call(now=now, zone=zone)
    return call, form.callback(name=name, today=now.astimezone(zone).date(), zone=zone.key)


def begin_with_call(
    session: Session, *, contact: Contact, brand_id: uuid.UUID, subject: str, call: Call, callback: Callback | None
) -> Message:
    """Create a thread with this contact whose first item is the call, and return the call's message.

    The caller must hold the lock of the contact, so that the same form sent twice creates one thread.
    """
    viewer, now, token = current_viewer(), utc_now(), parse_uuid(request.form.get("client_token"))
    repeat = find_by_client_token(session, viewer.user_id, token)
    if repeat is not None:
        return repeat
    new = NewThread(brand_id=brand_id, medium="phone", subject=subject, contact_id=contact.id, created_by_user_id=viewer.user_id)
    thread = create_thread(session, new, now=now, at=call.at, actor=viewer.actor)
    return log_call(
        session,
        thread_id=thread.id,
        call=call,
        callback=callback,
        actor=viewer.actor,
        author_name=viewer.name,
        now=now,
        client_token=token,
    )

"""Routes that bring a reply back into the composer: undo a send, or send by another channel."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from htmx_flask import request
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.text import storable
from app.domain.accounts.access import Viewer
from app.domain.delivery.recall import AlreadyLeft, NotTheWriter, TakenBack, take_back
from app.domain.threads.actions import save_draft
from app.domain.threads.forward_drafts import KIND as FORWARD
from app.domain.threads.models import Draft, MessageType
from app.domain.threads.queries import get_message
from app.domain.threads.recall_state import AlreadyTakenBack, find_taken_back, keep_draft_options
from app.domain.threads.unsent import copy_files
from app.mail.rich import text_to_rich
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.composer import KINDS, composer_again, keep_typed
from app.web.inbox.forward import forward_again
from app.web.inbox.forward_form import put_back
from app.web.inbox.thread import list_uploads


@bp.post("/messages/<uuid:message_id>/undo")
def take_message_back(message_id: uuid.UUID) -> ResponseReturnValue:
    """Take back a reply or forward that was not sent to the provider yet.

    Its text and files go into the form, before what was typed since.
    """
    viewer = current_viewer()
    thread_id = _thread_of(viewer, message_id)
    try:
        with transaction() as session:
            taken = take_back(session, message_id=message_id, actor=viewer.actor, now=utc_now())
            is_forward = taken.kind == FORWARD
            files = put_back(session, viewer.user_id, taken) if is_forward else put_into_composer(session, viewer.user_id, taken)
    except AlreadyTakenBack:
        return composer_again(thread_id)
    except NotTheWriter:
        return say(thread_id, _("Only the author of a message can undo sending it"))
    except AlreadyLeft:
        return say(thread_id, _("The message was already sent"))
    if is_forward:
        keep_composer(thread_id)
        return forward_again(uuid.UUID(taken.options[FORWARD]["message_id"]))
    return say(thread_id, _("Not sent: your text is back in the reply box"), uploads=list_uploads(files))


@bp.post("/messages/<uuid:message_id>/elsewhere")
def write_elsewhere(message_id: uuid.UUID) -> ResponseReturnValue:
    """Put a failed message into the composer for the channel `channel_id`, before what was typed meanwhile."""
    viewer, now = current_viewer(), utc_now()
    message = get_message(db.session(), viewer=viewer, message_id=message_id)
    if message.message_type != MessageType.OUTGOING:
        abort(409)
    with transaction() as session:
        files = copy_files(session, message, user_id=viewer.user_id, now=now)
        again = TakenBack(message.thread_id, None, message.text, files, {}, message.html)
        kept = put_into_composer(session, viewer.user_id, again)
    return say(message.thread_id, _("Your text is in the reply box: check it and send"), uploads=list_uploads(kept))


def keep_composer(thread_id: uuid.UUID) -> None:
    """Save the composer's posted fields as a draft, because the form of a forward is about to replace the composer."""
    if request.form.get("composer_kind") in KINDS and "text" in request.form:
        keep_typed(thread_id, request.form["composer_kind"])


def _thread_of(viewer: Viewer, message_id: uuid.UUID) -> uuid.UUID:
    """Return the id of the message's thread. This works also after the viewer took the message back."""
    gone = find_taken_back(db.session(), message_id=message_id, user_id=viewer.user_id)
    return gone.thread_id if gone else get_message(db.session(), viewer=viewer, message_id=message_id).thread_id


def say(thread_id: uuid.UUID, words: str, **more: Any) -> ResponseReturnValue:
    """Render a new composer, and a toast with the message `words`."""
    if not request.htmx:
        flash(words)
    return composer_again(thread_id, toast={"text": words}, **more)


def put_into_composer(session: Session, user_id: uuid.UUID, kept: TakenBack) -> list[str]:
    """Save the message `kept` as a draft, followed by what its writer typed since, in the form or in an earlier draft.

    Returns the ids of the draft's files.
    """
    draft = session.get(Draft, (user_id, kept.thread_id, "reply"))
    text, files = (draft.text, list(draft.attachment_ids)) if draft else ("", [])
    own = user_id == current_viewer().user_id
    if own and "text" in request.form and request.form.get("composer_kind") == "reply":
        text, files = storable(request.form["text"]).replace("\r\n", "\n"), request.form.getlist("attachment_id")
    both = "\n\n".join(part for part in (kept.text, text.strip()) if part)
    ids = dict.fromkeys([*map(str, kept.attachment_ids), *(str(found) for found in map(parse_uuid, files) if found)])
    save_draft(
        session,
        user_id=user_id,
        thread_id=kept.thread_id,
        kind="reply",
        text=both,
        attachment_ids=list(ids),
        now=utc_now(),
    )
    html = kept.html and kept.html + text_to_rich(text)  # used again if it still says what the text says
    options = {**kept.options, "html": html, "client_token": str(new_id())}  # the former token is used up
    keep_draft_options(session, user_id=user_id, thread_id=kept.thread_id, options=options)
    return list(ids)

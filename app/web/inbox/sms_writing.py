"""Route that replaces typographic characters of an SMS, so that it takes fewer parts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import flash
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.contract.sms_text import count_sms, simplify
from app.core.db import db
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.composer import composer_again, keep_typed, kind_of_form
from app.web.inbox.sms_words import named, shown, sms_look

bp.add_app_template_filter(sms_look)


@bp.post("/threads/<uuid:thread_id>/simplified-text")
def simplify_text(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Render the composer with typographic characters replaced by plain ones, and list what was replaced. The new text is saved
    as the draft."""
    thread = get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)
    text = storable(request.form.get("text", "")).replace("\r\n", "\n")
    plainer = simplify(text, accents=request.args.get("accents") == "1")
    keep_typed(thread.id, kind_of_form("composer_kind"), text=plainer.text)
    said = _said(plainer.changes, plainer.text)
    if not request.htmx:
        flash(said)
    return composer_again(thread.id, typed_text=plainer.text, sms_said=said, client_token=request.form.get("client_token"))


def _said(changes: Sequence[tuple[str, str, int]], text: str) -> str:
    """Return in words what was replaced, and which characters still make the text expensive."""
    done = ", ".join(_change_words(*change) for change in changes)
    words = _("Replaced: %(what)s.", what=done) if done else _("There was nothing to simplify.")
    left = named(count_sms(text).misfits)
    return f"{words} {_('Not in the alphabet of 160 characters: %(what)s', what=left)}" if left else words


def _change_words(was: str, now: str, times: int) -> str:
    plain = {" ": _("space"), "": _("nothing")}.get(now, now)
    words = _("%(was)s with %(now)s", was=shown(was), now=plain)
    return f"{words} ({times}×)" if times > 1 else words

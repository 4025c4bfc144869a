"""Template picker in the composer: list the templates that fit, insert one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.text import storable
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Medium
from app.domain.connections.queries import ChannelMissing, get_visible_channel
from app.domain.reply_templates.actions import note_use
from app.domain.reply_templates.formatting import fill_html
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.reply_templates.queries import get_facts
from app.domain.reply_templates.suggestions import get_asked, get_fitting, list_fitting
from app.domain.reply_templates.variables import Filled, fill
from app.domain.reply_templates.views import date_in
from app.domain.threads.actions import lock_thread, save_draft
from app.domain.threads.forward_drafts import KIND as FORWARD
from app.domain.threads.forward_drafts import find_forward_draft, save_forward_draft
from app.domain.threads.models import Draft, Message, Thread
from app.domain.threads.queries import ThreadMissing, get_message, get_thread
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.forward_form import keep_request
from app.web.pages import page
from app.web.reply_templates.blueprint import bp

SUGGESTED = 3


@dataclass(frozen=True)
class Place:
    """Where a template is inserted: thread, kind (reply, note or forward of `message`), channel and its medium."""

    thread: Thread
    kind: str
    channel_id: uuid.UUID | None
    medium: str
    message: Message | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        passed_on = {"message_id": self.message.id} if self.message else {}
        return {"thread_id": self.thread.id, "kind": self.kind, "channel_id": self.channel_id, **passed_on}

    @property
    def back_url(self) -> str:
        """The URL of the page with the composer."""
        if self.message is not None:
            return url_for("inbox.forward_form", message_id=self.message.id)
        return url_for("inbox.show_thread", **self.arguments, _anchor="composer")


@bp.get("/threads/<uuid:thread_id>/templates")
def thread_templates(thread_id: uuid.UUID) -> ResponseReturnValue:
    """List the templates that fit a thread. Fragments: `template-suggestions`, `template-options`; without scripts, a page."""
    viewer = current_viewer()
    place = _place(thread_id, viewer)
    session, now = db.session(), utc_now()
    asked = get_asked(session, thread=place.thread)
    fitting = list_fitting(session, thread=place.thread, medium=place.medium, asked=asked, now=now)
    facts = get_facts(session, thread=place.thread, viewer=viewer, now=now)
    context: dict[str, Any] = {
        "place": place,
        "templates": fitting,
        "suggested": fitting[:SUGGESTED],
        "filled": lambda template: _filled(template.text, template, facts),
    }
    blocks = ("template_suggestions", "template_options")
    return page("inbox/reply_templates_page.html", blocks=blocks, **context)


@bp.post("/threads/<uuid:thread_id>/template-uses")
def use_template(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Insert a template into a reply, note or forward. Scripts get the filled-in text as JSON; without scripts it is added to
    the draft.

    Without `template_id`, save the typed text as the draft and redirect to the list of templates.
    """
    viewer = current_viewer()
    place = _place(thread_id, viewer)
    template_id = parse_uuid(request.form.get("template_id"))
    if template_id is None:
        _keep_typed(place, viewer)
        return redirect(url_for("reply_templates.thread_templates", **place.arguments), 303)
    template = get_fitting(db.session(), thread=place.thread, medium=place.medium, template_id=template_id)
    facts = get_facts(db.session(), thread=place.thread, viewer=viewer, now=utc_now())
    text, subject = _filled(template.text, template, facts), _filled(template.subject, template, facts)
    _note_use(place, viewer, template)
    if request.accept_mimetypes.best == "application/json":
        said = _("Inserted: %(name)s", name=template.name)
        html = _html(place, template, facts)
        said = f"{said}. {_missing_words(text)}".strip()
        return jsonify(text=text.text, html=html, subject=subject.text, missing=text.missing, said=said)
    _append_to_draft(place, viewer, text.text)
    return redirect(place.back_url, 303)


def _missing_words(text: Filled) -> str:
    return _("We have no value for %(names)s in the template", names=", ".join(text.missing)) if text.missing else ""


def _place(thread_id: uuid.UUID, viewer: Viewer) -> Place:
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    kind = "note" if request.values.get("kind") == "note" else "reply"
    if request.values.get("kind") == FORWARD:
        return Place(thread, FORWARD, None, Medium.EMAIL.value, _passed_on(thread, viewer))
    channel_id = parse_uuid(request.values.get("channel_id"))
    if kind == "note":
        return Place(thread, kind, None, Medium.INTERNAL.value)
    try:
        channel = get_visible_channel(db.session(), channel_id, brand_ids=viewer.brand_ids) if channel_id else None
    except ChannelMissing:
        channel = None
    return Place(thread, kind, channel.id if channel else None, channel.medium.value if channel else thread.medium)


def _passed_on(thread: Thread, viewer: Viewer) -> Message:
    """Return the message that is being forwarded. Raises ThreadMissing if it is not in this thread."""
    message = get_message(db.session(), viewer=viewer, message_id=parse_uuid(request.values.get("message_id")) or new_id())
    if message.thread_id != thread.id:
        raise ThreadMissing(str(message.id))
    return message


def _filled(text: str, template: ReplyTemplate, facts: dict[str, str]) -> Filled:
    return fill(text, {**facts, "date.today": date_in(template.language, utc_now())})


def _html(place: Place, template: ReplyTemplate, facts: dict[str, str]) -> str:
    """Return the template's HTML, filled in, for a formatted mail. Return "" if the template has no HTML or the medium is not
    email."""
    if not template.html or place.medium != Medium.EMAIL:
        return ""
    return fill_html(template.html, {**facts, "date.today": date_in(template.language, utc_now())})


def _note_use(place: Place, viewer: Viewer, template: ReplyTemplate) -> None:
    with transaction() as session:
        note_use(session, template, thread=place.thread, kind=place.kind, medium=place.medium, now=utc_now(), actor=viewer.actor)


def _keep_typed(place: Place, viewer: Viewer) -> None:
    if place.message is not None:
        with transaction() as session:
            lock_thread(session, place.thread.id)
            keep_request(session, place.message)
        return
    text = storable(request.form.get("text", "")).replace("\r\n", "\n")
    files = [str(found) for found in map(parse_uuid, request.form.getlist("attachment_id")) if found]
    _save(place, viewer, text, files)


def _append_to_draft(place: Place, viewer: Viewer, text: str) -> None:
    draft = db.session.get(Draft, (viewer.user_id, place.thread.id, place.kind))
    typed = draft.text.rstrip() if draft else ""
    _save(place, viewer, f"{typed}\n\n{text}" if typed else text, list(draft.attachment_ids) if draft else [])


def _save(place: Place, viewer: Viewer, text: str, files: list[str]) -> None:
    with transaction() as session:
        lock_thread(session, place.thread.id)
        if place.message is not None:
            _save_forward(session, place.message, viewer, text)
            return
        save_draft(
            session,
            user_id=viewer.user_id,
            thread_id=place.thread.id,
            kind=place.kind,
            text=text,
            attachment_ids=files,
            now=utc_now(),
        )


def _save_forward(session: Session, message: Message, viewer: Viewer, text: str) -> None:
    """Save the forward's draft with the text; recipients and files stay as stored."""
    mine = {"user_id": viewer.user_id, "thread_id": message.thread_id}
    draft = find_forward_draft(session, **mine)
    options = {FORWARD: {"message_id": str(message.id)}, **(draft.options if draft else {})}
    files = draft.attachment_ids if draft else []
    save_forward_draft(session, **mine, text=text, attachment_ids=files, options=options, now=utc_now())

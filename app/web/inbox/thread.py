"""Page of one thread, its fragments, and small changes: status, priority, assignee."""

from __future__ import annotations

import json
import uuid
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from htmx_flask import request

from app.contract.base import ChannelRules
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.core.runtime import runtime
from app.core.text import storable
from app.core.work import READY
from app.domain.connections.models import Channel
from app.domain.delivery.actions import NothingToSend, retry_delivery, window_closes_at
from app.domain.delivery.ledger import list_steps
from app.domain.delivery.models import Delivery
from app.domain.delivery.queries import SCHEDULED, list_attempts, list_reports, read_scheduled
from app.domain.delivery.read_marks import read_mark
from app.domain.threads.actions import change_priority, change_status
from app.domain.threads.handover import HandoverNote, hand_over
from app.domain.threads.models import Attachment, Draft, Priority, Thread, ThreadStatus
from app.domain.threads.queries import ThreadHead, get_message, get_thread, get_thread_head
from app.domain.threads.reads import mark_read
from app.domain.threads.timeline import ThreadContext, Timeline, get_context, list_assignable_users, list_timeline
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.call_form import call_choices, offered_form
from app.web.inbox.chat_fields import chat_context
from app.web.inbox.formatting import html_of_draft
from app.web.inbox.ledger_words import step_words
from app.web.inbox.listing import list_context
from app.web.inbox.mail_fields import mail_context
from app.web.inbox.move_words import subject_changes, undo_urls
from app.web.inbox.sending_words import seconds_left
from app.web.inbox.sms_words import sms_context
from app.web.inbox.template_files import list_header_files
from app.web.inbox.templates import template_choices, unusable_templates
from app.web.inbox.words import event_words, priority_words, status_words
from app.web.pages import page, wants_page

UPLOAD_BYTES = 25 * 1024 * 1024
BLOCKS = ("thread_pane", "thread_head", "timeline", "timeline_older", "context", "composer", "conversation")


@bp.get("/threads/<uuid:thread_id>")
def show_thread(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the page of a thread with its three panes. htmx gets one of the fragments in BLOCKS.

    The fragment `timeline-older` is rendered as a whole `timeline`.
    """
    head = get_thread_head(db.session(), viewer=current_viewer(), thread_id=thread_id)
    if head.row.thread.id != thread_id:
        return redirect(url_for("inbox.show_thread", thread_id=head.row.thread.id, view=request.args.get("view")), 302)
    return page("inbox/page.html", blocks=BLOCKS, **thread_context(head))


def thread_context(head: ThreadHead, **more: Any) -> dict[str, Any]:
    """Return the template context of a thread's page, and mark the thread as read.

    The rows of the list are included only if the response shows them. `more` is added to the context.
    """
    viewer, session, row = current_viewer(), db.session(), head.row
    try:
        timeline = list_timeline(session, viewer=viewer, thread=row.thread, before=request.args.get("before"))
    except BadCursor:
        timeline = list_timeline(session, viewer=viewer, thread=row.thread)
    senders = frozenset(runtime().adapters.senders)
    beside = get_context(session, viewer=viewer, head=head, senders=senders, more=SCHEDULED)
    if row.unread:
        _mark_read(row.thread)
    names = {str(user_id): name for user_id, name in beside.assignable_users}
    return {
        **list_context(request.args.get("view") or "open", with_rows=wants_page(BLOCKS)),
        "thread": row.thread,
        "thread_row": row,
        "timeline": timeline,
        "scheduled": () if request.args.get("before") else read_scheduled(beside.more),
        "beside": beside,
        "event_words": lambda item: event_words(item, names),
        "all_statuses": list(ThreadStatus),
        "priorities": list(Priority),
        "undo_url": undo_urls(timeline),
        "new_subjects": subject_changes(timeline),
        "seconds_left": lambda message: seconds_left(message, viewer),
        **composer_context(row.thread, beside, timeline),
        **more,
    }


def composer_context(thread: Thread, beside: ThreadContext, timeline: Timeline) -> dict[str, Any]:
    """Return the template context of the composer: channels, the chosen channel's rules and window, the draft."""
    able = () if thread.is_ticket else beside.channels
    channels = [c for c in able if _reaches(c, beside) or c.id == thread.channel_id]
    wanted = parse_uuid(request.values.get("channel_id"))
    channel = next((c for c in channels if c.id == wanted), channels[0] if channels else None)
    kind = request.values.get("kind") or ""
    if kind not in ("note", "call") or thread.is_ticket:
        kind = "reply" if channel is not None else "note"
    rules = _rules(channel) if channel else None
    closes_at = window_closes_at(thread, rules) if rules else None
    is_closed = closes_at is not None and closes_at <= utc_now()
    choices = template_choices(channel) if channel else ()
    draft = {"note": beside.draft_note, "call": beside.draft_call}.get(kind, beside.draft_reply)
    typed_files = request.form.getlist("attachment_id") if request.form.get("composer_kind", kind) == kind else []
    return {
        "composer_kind": kind,
        "composer_channels": channels,
        "composer_channel": channel,
        "composer_rules": rules,
        "upload_bytes": min(rules.attachment_bytes, UPLOAD_BYTES) if rules and kind == "reply" else UPLOAD_BYTES,
        "window_closes_at": closes_at,
        "window_is_closed": is_closed,
        "template_choices": choices,
        "template_files": list_header_files(db.session(), thread, choices, rules) if rules and is_closed else {},
        "unusable_templates": unusable_templates(channel) if channel and is_closed else (),
        "draft": draft,
        "typed_text": draft.text if draft else "",
        "typed_html": html_of_draft(draft) if draft else "",
        "uploads": list_uploads(typed_files or (draft.attachment_ids if draft else [])),
        "client_token": token_of(draft) or uuid.uuid4(),
        "rendering": uuid.uuid4(),
        **({"call_form": offered_form(beside.identities, draft), **call_choices()} if kind == "call" else {}),
        **chat_context(thread, channel if kind == "reply" else None, rules, draft),
        **sms_context(thread, channel if kind == "reply" else None),
        **mail_context(thread, channel if kind == "reply" else None, draft, timeline, current_viewer()),
    }


def token_of(draft: Draft | None) -> uuid.UUID | None:
    """Return the token of the form in which a draft was typed, or None if there is none.

    Every browser tab with this draft uses the same token, so that all tabs together send the message only once.
    """
    return parse_uuid(draft.options.get("client_token")) if draft else None


def _rules(channel: Channel) -> ChannelRules:
    return runtime().adapters.rules[channel.channel_type.value]


def _reaches(channel: Channel, beside: ThreadContext) -> bool:
    kinds = {kind.value for kind in _rules(channel).identity_kinds}
    return any(identity.kind in kinds and identity.former_since is None for identity in beside.identities)


def list_uploads(ids: list[str]) -> list[Attachment]:
    """Return the uploads with these ids that are the viewer's own and not sent yet."""
    wanted = [found for found in map(parse_uuid, ids) if found]
    if not wanted:
        return []
    mine = (
        Attachment.id.in_(wanted),
        Attachment.uploaded_by_user_id == current_viewer().user_id,
        Attachment.message_id.is_(None),
    )
    found = db.session.execute(sa.select(Attachment).where(*mine)).scalars()
    return sorted(found, key=lambda upload: wanted.index(upload.id))


def _mark_read(thread: Thread) -> None:
    viewer, now, thread_id, seen = current_viewer(), utc_now(), thread.id, thread.message_count
    promise = read_mark(thread, now=now)
    try:
        with transaction() as session:
            mark_read(session, user_id=viewer.user_id, thread_id=thread_id, seen_seq=seen, now=now, besides=promise)
    except sa.exc.IntegrityError:  # the thread was merged meanwhile: its URL leads to the other one
        abort(redirect(url_for("inbox.show_thread", thread_id=thread_id, view=request.args.get("view"))))


def closed_here(thread: Thread) -> dict[str, Any]:
    """Return the HX-Trigger event that tells the page to move on, if the thread is closed or snoozed; otherwise {}.

    `static/js/lib/advance.js` handles the event.
    """
    is_done = not thread.is_open or thread.snoozed_until is not None
    return {"thread-closed-here": {"thread_id": str(thread.id)}} if is_done else {}


def changed(thread_id: uuid.UUID, said: str, *, undo: str, goes_on: bool = False) -> ResponseReturnValue:
    """Answer a change of the thread: for htmx its head and a toast with the words `said`, otherwise a redirect.

    `undo`: the URL of the toast's undo button, "" for no button. `goes_on`: the page moves on to the next thread if this one
    is closed or snoozed.
    """
    runtime().nudger.nudge()
    if not request.htmx:
        flash(said)
        return redirect(url_for("inbox.show_thread", thread_id=thread_id, view=request.args.get("view")), 303)
    head = get_thread_head(db.session(), viewer=current_viewer(), thread_id=thread_id)
    response = make_response(render_template("inbox/head_fragment.html", **thread_context(head)))
    toast = {"text": said, "undo_label": _("Undo"), "undo_url": undo}
    toast = toast if undo else {"text": said}
    closed = closed_here(head.row.thread) if goes_on else {}
    response.headers["HX-Trigger"] = json.dumps({**closed, "thread-changed-here": True, "toast": toast})
    return response


@bp.post("/threads/<uuid:thread_id>/status")
def set_status(thread_id: uuid.UUID) -> ResponseReturnValue:
    viewer = current_viewer()
    status = ThreadStatus(request.form.get("status") or request.args["status"])  # the URL may have a filter `status`
    before = get_thread(db.session(), viewer=viewer, thread_id=thread_id).status
    with transaction() as session:
        change_status(session, thread_id=thread_id, status=status, actor=viewer.actor, now=utc_now())
    undo = url_for("inbox.set_status", thread_id=thread_id, status=before.value)
    return changed(thread_id, _("Status: %(status)s", status=status_words(status)), undo=undo, goes_on=True)


@bp.post("/threads/<uuid:thread_id>/priority")
def set_priority(thread_id: uuid.UUID) -> ResponseReturnValue:
    viewer = current_viewer()
    priority = Priority(request.form.get("priority") or request.args["priority"])
    before = get_thread(db.session(), viewer=viewer, thread_id=thread_id).priority
    with transaction() as session:
        change_priority(session, thread_id=thread_id, priority=priority, actor=viewer.actor, now=utc_now())
    undo = url_for("inbox.set_priority", thread_id=thread_id, priority=before.value)
    return changed(thread_id, _("Priority: %(priority)s", priority=priority_words(priority)), undo=undo)


@bp.post("/threads/<uuid:thread_id>/assignment")
def set_assignment(thread_id: uuid.UUID) -> ResponseReturnValue:
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    names = dict(list_assignable_users(db.session(), thread.brand_id))
    before, assignee = thread.assignee_user_id, parse_uuid(request.values.get("assignee"))
    if assignee is not None and assignee not in names:
        assignee = before
    with transaction() as session:
        hand_over(
            session, thread_id=thread_id, assignee_user_id=assignee, note=handover_note(), actor=viewer.actor, now=utc_now()
        )
    said = _("Assigned to %(name)s", name=names[assignee]) if assignee in names else _("Unassigned")
    undo = url_for("inbox.set_assignment", thread_id=thread_id, assignee=before or "")
    return changed(thread_id, said, undo=undo)


def handover_note() -> HandoverNote | None:
    """Return the form's note to the new assignee, or None if it is empty. The same form sent twice creates only one note."""
    text, rendering = storable(request.form.get("note", "")).strip(), parse_uuid(request.form.get("rendering"))
    if not text:
        return None
    return HandoverNote(text, current_viewer().name, uuid.uuid5(rendering, "handover") if rendering else None)


@bp.post("/threads/<uuid:thread_id>/read")
def set_read(thread_id: uuid.UUID) -> ResponseReturnValue:
    _mark_read(get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id))
    return "", 204


@bp.post("/messages/<uuid:message_id>/retry")
def retry(message_id: uuid.UUID) -> ResponseReturnValue:
    """Send a message again that failed or whose outcome is unknown. Answers 409 if it has nothing to send."""
    viewer = current_viewer()
    message = get_message(db.session(), viewer=viewer, message_id=message_id)
    try:
        with transaction() as session:
            retry_delivery(session, message_id=message_id, actor=viewer.actor, now=utc_now())
    except NothingToSend:
        abort(409)
    runtime().nudger.nudge()
    if request.htmx:
        return "", 204, {"HX-Trigger": "thread-changed-here"}
    return redirect(url_for("inbox.show_thread", thread_id=message.thread_id), 303)


@bp.get("/messages/<uuid:message_id>/details")
def details(message_id: uuid.UUID) -> ResponseReturnValue:
    """Show why the message is in its thread, and every step of its delivery."""
    session = db.session()
    message = get_message(session, viewer=current_viewer(), message_id=message_id)
    delivery = session.query(Delivery).filter_by(message_id=message.id).one_or_none()
    context: dict[str, Any] = {
        "message": message,
        "delivery": delivery,
        "steps": list_steps(delivery, list_attempts(session, delivery.id), list_reports(session, delivery.id))
        if delivery
        else [],
        "step_words": step_words,
        "next_try_at": delivery.run_at if delivery and delivery.state == READY and delivery.attempts else None,
    }
    return page("inbox/details.html", blocks=("details",), **context)


@bp.errorhandler(ValueError)
def _bad_choice(_error: ValueError) -> ResponseReturnValue:
    return _("This choice does not exist; reload the page and try again."), 422


@bp.errorhandler(KeyError)
def _missing_field(_error: KeyError) -> ResponseReturnValue:
    return _("Something is missing from the form; reload the page and try again."), 422

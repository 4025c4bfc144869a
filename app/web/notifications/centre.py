"""Notification centre: page of notifications, and the bell's count."""

from __future__ import annotations

import uuid

from flask import abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.domain.notifications.actions import mark_read
from app.domain.notifications.models import NotificationKind
from app.domain.notifications.queries import (
    COUNT_CAP,
    count_unread,
    find_notification,
    list_notifications,
)
from app.domain.notifications.words import sentence
from app.web.accounts.session import current_viewer
from app.web.notifications.blueprint import bp
from app.web.pages import page

ICONS = {
    NotificationKind.MENTION: "at-sign",
    NotificationKind.ASSIGNMENT: "user-check",
    NotificationKind.MESSAGE: "mail",
    NotificationKind.HELD: "triangle-alert",
    NotificationKind.UNSENT: "circle-alert",
    NotificationKind.TEAM: "users",
    NotificationKind.CHANNEL: "plug",
    NotificationKind.ESCALATION: "clock",
    NotificationKind.ORDER_URGENT: "file-text",
    NotificationKind.TECHNICIAN_ABSENT: "calendar",
    NotificationKind.VERDICT: "smile",
    NotificationKind.NEW_WORK: "inbox",
    NotificationKind.VISIT: "calendar",
    NotificationKind.RULE: "users",
    NotificationKind.COMMITMENT: "flag",
    NotificationKind.SYSTEM_ERROR: "triangle-alert",
}


@bp.get("/notifications")
def notifications() -> ResponseReturnValue:
    """Show all notifications of the user, newest first."""
    viewer, session = current_viewer(), db.session()
    try:
        found = list_notifications(session, viewer=viewer, cursor=request.args.get("before"))
    except BadCursor:
        found = list_notifications(session, viewer=viewer)
    return page("notifications/page.html", found=found, sentence=sentence, icons=ICONS)


@bp.get("/notifications/<uuid:notification_id>")
def open_notification(notification_id: uuid.UUID) -> ResponseReturnValue:
    """Redirect to what the notification is about. Mark all notifications of its thread as read, or only this one if it has no
    thread."""
    viewer = current_viewer()
    found = find_notification(db.session(), viewer=viewer, notification_id=notification_id)
    if found is None:
        abort(404)
    thread_id, channel_id, message_id = found.thread_id, found.channel_id, found.message_id
    only = notification_id if thread_id is None else None
    with transaction() as session:
        mark_read(session, user_id=viewer.user_id, thread_id=thread_id, notification_id=only, now=utc_now())
    if found.place:
        return redirect(found.place, 303)
    if channel_id is not None:
        return redirect(url_for("connections.channel", channel_id=channel_id), 303)
    return redirect(url_for("inbox.show_thread", thread_id=thread_id, _anchor=f"item-{message_id}" if message_id else None), 303)


@bp.post("/notifications/reading")
def read_notifications() -> ResponseReturnValue:
    """Mark all notifications as read and redirect. With `thread_id`, mark those of this thread and answer with the new unread
    count."""
    viewer, text = current_viewer(), request.form.get("thread_id")
    try:
        thread_id = uuid.UUID(text) if text else None
    except ValueError:
        abort(400)
    with transaction() as session:
        mark_read(session, user_id=viewer.user_id, thread_id=thread_id, now=utc_now())
    if thread_id is not None:
        return unread_count()
    flash(_("All notifications are marked as read."))
    return redirect(url_for("notifications.notifications"), 303)


@bp.get("/notifications/count")
def unread_count() -> ResponseReturnValue:
    """Return the count of unread notifications as JSON: `unread` (a number), `shown` (the text for the bell icon) and `words`
    (a sentence)."""
    unread = count_unread(db.session(), viewer=current_viewer())
    shown = f"{COUNT_CAP - 1}+" if unread >= COUNT_CAP else str(unread or "")
    return jsonify(unread=unread, shown=shown, words=ngettext("%(num)s unread", "%(num)s unread", unread) if unread else "")

"""What the signed-in user is told: the page, the bell's count, and which kinds they want."""

from __future__ import annotations

import uuid

from flask import Blueprint, abort, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.accounts.session import current_viewer
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.notifications.actions import choose_kinds, mark_read
from app.notifications.models import NotificationKind
from app.notifications.queries import (
    COUNT_CAP,
    NotificationRow,
    count_unread,
    find_notification,
    list_muted_kinds,
    list_notifications,
)
from app.web import page

bp = Blueprint("notifications", __name__)
ICONS = {
    NotificationKind.MENTION: "at-sign",
    NotificationKind.ASSIGNMENT: "user-check",
    NotificationKind.MESSAGE: "mail",
    NotificationKind.HELD: "triangle-alert",
    NotificationKind.TEAM: "users",
    NotificationKind.ESCALATION: "clock",
}


@bp.get("/notifications")
def notifications() -> ResponseReturnValue:
    """Everything the user was told, newest first."""
    viewer, session = current_viewer(), db.session()
    try:
        found = list_notifications(session, viewer=viewer, cursor=request.args.get("before"))
    except BadCursor:
        found = list_notifications(session, viewer=viewer)
    return page("notifications/page.html", found=found, sentence=sentence, icons=ICONS)


@bp.get("/notifications/<uuid:notification_id>")
def open_notification(notification_id: uuid.UUID) -> ResponseReturnValue:
    """Lead to what it is about; from then on it is read, with all others of its thread."""
    viewer = current_viewer()
    found = find_notification(db.session(), viewer=viewer, notification_id=notification_id)
    if found is None:
        abort(404)
    thread_id, message_id = found.thread_id, found.message_id
    with transaction() as session:
        mark_read(session, user_id=viewer.user_id, thread_id=thread_id, now=utc_now())
    return redirect(url_for("inbox.show_thread", thread_id=thread_id, _anchor=f"item-{message_id}" if message_id else None), 303)


@bp.post("/notifications/reading")
def read_notifications() -> ResponseReturnValue:
    """Mark all as read, or with `thread_id` those of one thread; programs of the page get the new count."""
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
    """How many are unread, and as the bell shows it."""
    unread = count_unread(db.session(), viewer=current_viewer())
    shown = f"{COUNT_CAP - 1}+" if unread >= COUNT_CAP else str(unread or "")
    return jsonify(unread=unread, shown=shown, words=ngettext("%(num)s unread", "%(num)s unread", unread) if unread else "")


@bp.get("/settings/notifications")
def preferences() -> ResponseReturnValue:
    """Which kinds the user wants to be told."""
    muted = list_muted_kinds(db.session(), viewer=current_viewer())
    return page("notifications/preferences.html", choices=_choices(), muted=muted)


@bp.post("/settings/notifications")
def save_preferences() -> ResponseReturnValue:
    """Keep which kinds the user wants."""
    viewer = current_viewer()
    wanted = frozenset(kind for kind in NotificationKind if kind.value in request.form.getlist("kind"))
    with transaction() as session:
        choose_kinds(session, user_id=viewer.user_id, wanted=wanted, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("notifications.preferences"), 303)


def _choices() -> list[tuple[NotificationKind, str, str]]:
    return [
        (NotificationKind.MENTION, _("Somebody mentions me"), _("With @ and my name in a note.")),
        (NotificationKind.ASSIGNMENT, _("Somebody assigns a thread to me"), _("Not when I take it myself.")),
        (NotificationKind.TEAM, _("Somebody hands a thread to my team"), _("It is nobody's until one of you takes it.")),
        (
            NotificationKind.MESSAGE,
            _("A message comes in"),
            _("On threads assigned to me, and on those I watch. Several on one thread are one notification."),
        ),
        (NotificationKind.HELD, _("A reply I scheduled is held"), _("Somebody wrote before its time, or it cannot be sent.")),
        (
            NotificationKind.ESCALATION,
            _("A deadline comes near or has passed"),
            _("On threads assigned to me, and on those that are escalated to me."),
        ),
    ]


def sentence(row: NotificationRow) -> str:
    """What happened, in words."""
    kind, names = row.notification.kind, {"name": row.actor_name or _("Somebody")}
    if kind == NotificationKind.MENTION:
        return str(_("%(name)s mentioned you", **names))
    if kind == NotificationKind.ASSIGNMENT:
        return str(_("%(name)s assigned this to you", **names) if row.actor_name else _("Assigned to you"))
    if kind == NotificationKind.TEAM:
        return str(_("%(name)s handed this to your team", **names))
    if kind == NotificationKind.HELD:
        return str(_("Your scheduled reply was not sent: please look"))
    if kind == NotificationKind.ESCALATION:
        return str(_("The deadline for %(who)s needs you", who=row.contact_name or _("the contact")))
    count, who = row.notification.count, row.contact_name or _("the contact")
    return str(ngettext("New message from %(who)s", "%(num)s new messages from %(who)s", count, who=who))


blueprints = (bp,)

"""Routes that snooze and wake a thread."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.threads.queries import get_thread, get_thread_head
from app.domain.threads.snooze import BadSnoozeTime, end_snooze, offered_times, read_snooze_time, snooze_thread, snooze_times
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.thread import changed, thread_context
from app.web.inbox.triage_words import SNOOZES, until_words


@dataclass(frozen=True)
class SnoozeChoice:
    """A line of the snooze menu. `key` is its value in the form, `label` its text, `time` the time in the reader's words."""

    key: str
    label: str
    time: str


def zone() -> ZoneInfo:
    return ZoneInfo(current_viewer().timezone)


@bp.app_template_global()
def snooze_choices() -> list[SnoozeChoice]:
    """Return the snooze times that the menu offers now, in the reader's zone."""
    times = offered_times(now=utc_now(), zone=zone())
    return [SnoozeChoice(key, _(SNOOZES[key]), format_datetime(at, "EEE HH:mm")) for key, at in times.items()]


@bp.app_template_global()
def snooze_earliest() -> str:
    """Return the first minute a date-and-time field may take, in the reader's zone."""
    return utc_now().astimezone(zone()).strftime("%Y-%m-%dT%H:%M")


def snooze_time_asked_for() -> datetime:
    """Return the time that the request asks for: `choice` (a key of the menu), or `until` (the date field) if there is no
    `choice`.

    Raises BadSnoozeTime if it is invalid.
    """
    now, choice = utc_now(), request.values.get("choice")
    if not choice:
        return read_snooze_time(request.values.get("until", ""), now=now, zone=zone())
    times = snooze_times(now=now, zone=zone())
    if choice not in times:
        raise BadSnoozeTime(choice[:40])
    return times[choice]


@bp.post("/threads/<uuid:thread_id>/snooze")
def set_snooze(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Snooze the thread until `choice` (a line of the menu), or `until` in the reader's zone."""
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    before = thread.snoozed_until
    try:
        until = snooze_time_asked_for()
    except BadSnoozeTime:
        return _refused(thread_id)
    with transaction() as session:
        snooze_thread(session, thread_id=thread.id, until=until, actor=viewer.actor, now=utc_now())
    undo = url_for("inbox.set_snooze", thread_id=thread.id, until=before.isoformat()) if before else _ending(thread.id)
    return changed(thread.id, _("Snoozed until %(time)s", time=until_words(until)), undo=undo, goes_on=True)


@bp.post("/threads/<uuid:thread_id>/snooze/ending")
def set_awake(thread_id: uuid.UUID) -> ResponseReturnValue:
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    before = thread.snoozed_until
    with transaction() as session:
        end_snooze(session, thread_id=thread.id, actor=viewer.actor, now=utc_now())
    undo = url_for("inbox.set_snooze", thread_id=thread.id, until=before.isoformat()) if before else ""
    return changed(thread.id, _("Back in the inbox"), undo=undo)


def _ending(thread_id: uuid.UUID) -> str:
    return url_for("inbox.set_awake", thread_id=thread_id)


def _refused(thread_id: uuid.UUID) -> ResponseReturnValue:
    head = get_thread_head(db.session(), viewer=current_viewer(), thread_id=thread_id)
    error = _("Choose a future date and time, at most two years ahead.")
    template = "inbox/head_fragment.html" if request.htmx else "inbox/page.html"
    return make_response(render_template(template, **thread_context(head, snooze_error=error)), 422)

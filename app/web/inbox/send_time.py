"""Read the time to send a reply or wake a thread, and list the times to offer."""

from __future__ import annotations

from datetime import datetime

from flask import request
from flask_babel import format_datetime

from app.core.clock import utc_now
from app.core.translation import gettext as _
from app.domain.delivery.actions import UnableToReply
from app.domain.threads.snooze import BadSnoozeTime, offered_times, read_snooze_time, snooze_times
from app.web.inbox.blueprint import bp
from app.web.inbox.snooze import SnoozeChoice, zone

PICKED = "picked"
SNOOZE = "snooze_"


@bp.app_template_global()
def later_choices() -> list[SnoozeChoice]:
    """Return the sending times that the menu offers now, in the reader's zone."""
    labels = {"later": _("Later today"), "tomorrow": _("Tomorrow morning"), "week": _("Monday morning")}
    times = offered_times(now=utc_now(), zone=zone())
    return [SnoozeChoice(key, labels[key], format_datetime(at, "EEE HH:mm")) for key, at in times.items()]


def send_time_of_form() -> datetime | None:
    """Return the time at which to send, or None to send now. Raises UnableToReply if the time is invalid.

    A time in the field `send_at` counts even if the ordinary send button was pressed. It does not count if the button has a
    value of its own in `later` or `then`.
    """
    form = request.form
    choice = form.get("later", "")
    if not choice and form.get("send_at", "").strip() and not form.get("then"):
        choice = PICKED
    return _time_of(choice) if choice else None


def snooze_time_of_form() -> datetime | None:
    """Return the time until which the thread is snoozed after sending, or None if the pressed button does not snooze. Raises
    UnableToReply if the time is invalid."""
    then = request.form.get("then", "")
    return _time_of(then.removeprefix(SNOOZE)) if then.startswith(SNOOZE) else None


def picked_time() -> datetime:
    """Return the time in the form's date field `send_at`. Raises UnableToReply if it is invalid."""
    return _time_of(PICKED)


def _time_of(choice: str) -> datetime:
    now = utc_now()
    try:
        if choice == PICKED:
            return read_snooze_time(request.form.get("send_at", ""), now=now, zone=zone())
        return snooze_times(now=now, zone=zone())[choice]
    except (BadSnoozeTime, KeyError):
        raise UnableToReply("send_at", _("Choose a future date and time, at most two years ahead.")) from None

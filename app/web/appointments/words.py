"""Put appointments into words: kinds, states, times in the appointment's time zone, reminders. No database access."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import format_date, format_time

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.appointments.models import AppointmentKind, AppointmentReminder, AppointmentState, ReminderOutcome
from app.domain.appointments.queries import AppointmentRow

KINDS = {AppointmentKind.VISIT: N_("Visit"), AppointmentKind.CALL: N_("Phone call"), AppointmentKind.OTHER: N_("Other")}
STATES = {
    AppointmentState.PLANNED: N_("Planned"),
    AppointmentState.ON_THE_WAY: N_("On the way"),
    AppointmentState.ARRIVED: N_("Arrived"),
    AppointmentState.IN_PROGRESS: N_("In progress"),
    AppointmentState.DONE: N_("Took place"),
    AppointmentState.NOT_HOME: N_("Nobody at home"),
    AppointmentState.ABORTED: N_("Stopped early"),
    AppointmentState.CANCELLED: N_("Cancelled"),
}
TONES = {
    AppointmentState.PLANNED: "info",
    AppointmentState.ON_THE_WAY: "accent",
    AppointmentState.ARRIVED: "accent",
    AppointmentState.IN_PROGRESS: "accent",
    AppointmentState.DONE: "done",
    AppointmentState.NOT_HOME: "due",
    AppointmentState.ABORTED: "due",
}


def appointment_kind_words(value: str) -> str:
    return _(KINDS[AppointmentKind(value)])


def appointment_state_words(value: str) -> str:
    return _(STATES[AppointmentState(value)])


def appointment_state_tone(value: str) -> str:
    return TONES.get(AppointmentState(value), "")


def appointment_when_words(row: AppointmentRow) -> str:
    """Return an appointment's time as "Mon 1 Dec 09:00–11:00". If it ends on another day, that day is shown, too."""
    begin, end = row.local_start, row.local_end
    last = "" if begin.date() == end.date() else f"{format_date(end.date(), 'EEE d MMM')} "
    return f"{format_date(begin.date(), 'EEE d MMM')} {begin:%H:%M}–{last}{end:%H:%M}"


def length_words(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(count)s min", count=minutes)
    return _("%(hours)s h %(minutes)s min", hours=hours, minutes=rest) if rest else _("%(hours)s h", hours=hours)


def reminder_words(reminder: AppointmentReminder, zone: str) -> str:
    """Return in words when a reminder will be sent or was sent, or why it was not sent."""
    if reminder.outcome is None:
        return _("We will send the reminder on %(when)s", when=_moment(reminder.run_at, zone))
    if reminder.outcome == ReminderOutcome.SENT:
        return _("The reminder was sent on %(when)s", when=_moment(reminder.ended_at or reminder.run_at, zone))
    when = _moment(reminder.starts_at, zone)
    return _("The reminder for the visit on %(when)s was not sent: %(why)s", when=when, why=told(reminder.reason))


def _moment(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{format_date(local.date(), 'EEE d MMM')} {format_time(local.time(), 'HH:mm')}"


FILTERS = {
    "appointment_kind_words": appointment_kind_words,
    "appointment_state_words": appointment_state_words,
    "appointment_state_tone": appointment_state_tone,
    "appointment_when_words": appointment_when_words,
    "length_words": length_words,
    "reminder_words": reminder_words,
}

"""Put appointments into words for the timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import format_datetime

from app.core.translation import gettext as _
from app.core.translation import mark as N_

APPOINTMENT_EVENTS = {
    "AppointmentPlanned": N_("%(who)s planned an appointment for %(when)s"),
    "AppointmentMoved": N_("%(who)s moved the appointment to %(when)s"),
    "AppointmentCancelled": N_("%(who)s cancelled the appointment on %(when)s"),
    "AppointmentPlannedAgain": N_("%(who)s restored the appointment planned for %(when)s"),
    "AppointmentOnTheWay": N_("%(who)s is on the way to the appointment on %(when)s"),
    "AppointmentArrived": N_("%(who)s arrived for the appointment on %(when)s"),
    "AppointmentStarted": N_("%(who)s began the appointment on %(when)s"),
    "AppointmentDone": N_("%(who)s noted that the appointment on %(when)s took place"),
    "AppointmentNotHome": N_("%(who)s found nobody at home for the appointment on %(when)s"),
    "AppointmentAborted": N_("%(who)s stopped the appointment on %(when)s early"),
}


def appointment_event_words(event_type: str, who: str, payload: dict[str, Any]) -> str:
    """Return a timeline event about an appointment (one of APPOINTMENT_EVENTS) as one line, with its time in the viewer's time
    zone."""
    when = format_datetime(datetime.fromisoformat(payload["starts_at"]), "EEE d MMM HH:mm")
    return _(APPOINTMENT_EVENTS[event_type], who=who, when=when)

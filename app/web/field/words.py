"""Put visits into words and links on a phone. No database."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask_babel import format_date
from markupsafe import Markup

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.field.effects import LABEL_WORDS, REASON_WORDS, STEP_WORDS
from app.domain.field.queries import VisitRow
from app.domain.field.steps import VisitStep
from app.web.pages import script_map_of

# The label of the button that brings a visit to each step.
STEP_BUTTONS = {
    VisitStep.ON_THE_WAY: N_("On my way"),
    VisitStep.ARRIVED: N_("I have arrived"),
    VisitStep.IN_PROGRESS: N_("Start work"),
    VisitStep.DONE: N_("Done"),
    VisitStep.NOT_HOME: N_("Nobody at home"),
    VisitStep.ABORTED: N_("Stop early"),
}
STEP_ICONS = {VisitStep.ON_THE_WAY: "send", VisitStep.ARRIVED: "map-pin", VisitStep.IN_PROGRESS: "play", VisitStep.DONE: "check"}
MAPS = "https://www.google.com/maps/dir/?api=1&travelmode=driving&destination="


def step_words(step: str) -> str:
    return _(STEP_WORDS[VisitStep(step)])


def step_button(step: str) -> str:
    return _(STEP_BUTTONS[VisitStep(step)])


def step_icon(step: str) -> str:
    return STEP_ICONS.get(VisitStep(step), "circle-x")


def photo_label(label: str) -> str:
    return _(LABEL_WORDS.get(label, LABEL_WORDS["other"]))


def reason_words(reason: str) -> str:
    return _(REASON_WORDS[reason]) if reason in REASON_WORDS else reason


def visit_window(visit: VisitRow) -> str:
    """Return a visit's time as "08:00–10:00", in the time zone of the visit's place."""
    return f"{visit.row.local_start:%H:%M}–{visit.row.local_end:%H:%M}"


def day_words(day: date) -> str:
    return str(format_date(day, "EEE d MMM"))


def clock_words(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def kwh_words(value: str) -> str:
    return _("%(value)s kWh", value=value)


def map_target(visit: VisitRow) -> str:
    """Return the search text for a map: the coordinates from the address register, or the address as typed if there are none."""
    return f"{visit.spot.lat:.6f},{visit.spot.lon:.6f}" if visit.spot else visit.place


def map_link(visit: VisitRow) -> str:
    """Return the link to a map with directions. The phone may open its own map app instead (static/js/field/phone.js)."""
    return MAPS + quote(map_target(visit), safe="")


def step_table() -> dict[str, str]:
    return {step.value: _(words) for step, words in STEP_WORDS.items()}


def label_table() -> dict[str, str]:
    return {label: _(words) for label, words in LABEL_WORDS.items()}


def field_scripts() -> Markup:
    """Return the HTML of the import map, with only the scripts of the technicians' pages."""
    return _field_scripts()


@lru_cache(maxsize=1)
def _field_scripts() -> Markup:
    return script_map_of("js/field/")


GLOBALS = {
    "field_scripts": field_scripts,
    "field_step_words": step_table,
    "field_label_words": label_table,
}
FILTERS = {
    "visit_step_words": step_words,
    "visit_step_button": step_button,
    "visit_step_icon": step_icon,
    "visit_photo_label": photo_label,
    "visit_reason_words": reason_words,
    "visit_window": visit_window,
    "field_day": day_words,
    "field_clock": clock_words,
    "kwh_words": kwh_words,
    "map_link": map_link,
    "map_target": map_target,
}

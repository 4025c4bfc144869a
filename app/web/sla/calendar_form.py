"""Form of a business calendar (`CalendarForm`)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from flask import request
from flask_babel import get_locale
from sqlalchemy.orm import Session

from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.queries import list_brands, list_teams
from app.domain.connections.models import Channel
from app.domain.sla.actions import CalendarContent
from app.domain.sla.public_holidays import is_supported, supported_regions
from app.domain.sla.queries import CalendarRow
from app.domain.sla.rules import DEFAULT_CALENDAR, Spans, StoredCalendar, StoredDay, is_zone
from app.web.sla.hours import WrongHours, day_text, read_days, read_spans, span_text

NAME_CHARACTERS = 80
DAYS = tuple(f"day_{number}" for number in range(7))
FIELDS = ("name", "scope", "zone", "country", "region", "own_days", *DAYS)
EVERYTHING, BY_NAME = "all", "named"


@dataclass
class CalendarForm:
    """A business calendar as typed into its form: `values` and `errors` by field. `content`: what they make; None if there are
    errors."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    content: CalendarContent | None = None


def form_of(row: CalendarRow | None) -> CalendarForm:
    """Return the form filled with this calendar's values. If `row` is None, return the form of a new calendar with default
    hours."""
    rules = row.rules if row else DEFAULT_CALENDAR
    values = {"name": row.calendar.name if row else "", "zone": rules.zone, "country": rules.country, "region": rules.region}
    values["scope"] = scope_of(row) if row else BY_NAME
    values["own_days"] = day_text(rules.own_days)
    values |= {name: span_text(spans) for name, spans in zip(DAYS, rules.week, strict=True)}
    return CalendarForm(values)


def scope_of(row: CalendarRow) -> str:
    """Return what the calendar applies to, as the value of the form's field, such as "brand:<id>"."""
    calendar = row.calendar
    if calendar.is_by_name_only:
        return BY_NAME
    named = {"brand": calendar.brand_id, "team": calendar.team_id, "channel": calendar.channel_id}
    return next((f"{kind}:{value}" for kind, value in named.items() if value), EVERYTHING)


def scope_choices(session: Session) -> list[tuple[str, str]]:
    """Return everything a calendar can apply to, as pairs (value, label)."""
    found = [(EVERYTHING, _("Everything")), (BY_NAME, _("Only policies that use this calendar"))]
    found += [(f"brand:{brand.id}", _("Brand: %(name)s", name=brand.name)) for brand in list_brands(session)]
    found += [(f"team:{team.id}", _("Team: %(name)s", name=team.name)) for team in list_teams(session)]
    channels = session.query(Channel).order_by(Channel.name).all()
    return found + [(f"channel:{channel.id}", _("Channel: %(name)s", name=channel.name)) for channel in channels]


def country_choices() -> list[tuple[str, str]]:
    """Return the countries whose public holidays are known, as pairs (code, name) by name. The first pair means no public
    holidays."""
    names = get_locale().territories
    found = sorted(((code, str(names.get(code, code))) for code in supported_regions() if len(code) == 2), key=lambda c: c[1])
    return [("", _("No public holidays")), *found]


def read_form(session: Session) -> CalendarForm:
    """Return the posted form. Its `errors` is empty if the values are valid."""
    form = CalendarForm({name: storable(request.form.get(name, "")).strip() for name in FIELDS})
    values, errors = form.values, form.errors
    values["name"] = " ".join(values["name"].split())
    if not values["name"]:
        errors["name"] = _("Enter a name.")
    elif len(values["name"]) > NAME_CHARACTERS:
        errors["name"] = _("Use at most %(count)s characters.", count=NAME_CHARACTERS)
    if not is_zone(values["zone"]):
        errors["zone"] = _("Choose a time zone from the list, such as Europe/Amsterdam.")
    if values["scope"] not in dict(scope_choices(session)):
        errors["scope"] = _("Choose one from the list.")
    values["region"] = values["region"].upper()
    if values["country"] and not is_supported(values["country"]):
        errors["country"] = _("Choose one from the list.")
    elif values["region"] and not is_supported(values["country"], values["region"]):
        errors["region"] = _("This country has no such region. For the whole country, leave the region empty.")
    week = tuple(_hours(form, name) for name in DAYS)
    own_days = _own_days(form)
    if not errors:
        form.content = _content(values, week, own_days)
    return form


def _hours(form: CalendarForm, name: str) -> Spans:
    try:
        return read_spans(form.values[name])
    except WrongHours as error:
        form.errors[name] = str(error)
        return ()


def _own_days(form: CalendarForm) -> tuple[StoredDay, ...]:
    try:
        return read_days(form.values["own_days"])
    except WrongHours as error:
        form.errors["own_days"] = str(error)
        return ()


def _content(values: dict[str, str], week: tuple[Spans, ...], own_days: tuple[StoredDay, ...]) -> CalendarContent:
    region = values["region"] if values["country"] else ""
    stored = {"zone": values["zone"], "week": week, "country": values["country"], "region": region, "own_days": own_days}
    kind, _colon, wanted = values["scope"].partition(":")
    scope = {f"{kind}_id": uuid.UUID(wanted)} if wanted else {}
    return CalendarContent(
        values["name"], StoredCalendar.model_validate(stored), is_by_name_only=values["scope"] == BY_NAME, **scope
    )

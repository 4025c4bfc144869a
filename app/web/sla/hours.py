"""Read opening hours and days as people type them: "09:00-12:00, 13:00-17:00", "2026-12-24 10:00-15:00 Christmas Eve"."""

from __future__ import annotations

import re
from datetime import date

from pydantic import ValidationError

from app.core.translation import gettext as _
from app.domain.sla.rules import MINUTES_A_DAY, Overlapping, Spans, StoredDay, check_spans

SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})")
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})\s*(.*)")
DAYS_AT_MOST = 400


class WrongHours(ValueError):
    """Raised when typed hours or days are invalid. The text says why, in the reader's language."""


def read_spans(text: str) -> Spans:
    """Return the opening hours of a day as pairs (begin, end), in minutes from midnight. Return () for "", which means closed.

    Raises WrongHours.
    """
    if not text.strip():
        return ()
    found = []
    for part in re.split(r"[,;]", text):
        match = SPAN.fullmatch(part.strip())
        if match is None:
            raise WrongHours(_("Write hours like 09:00-12:00, 13:00-17:00."))
        hours = [int(number) for number in match.groups()]
        begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if begin >= MINUTES_A_DAY or end > MINUTES_A_DAY or max(hours[1], hours[3]) > 59:
            raise WrongHours(_("Write hours like 09:00-12:00, 13:00-17:00."))
        found.append((begin, end))
    spans = tuple(sorted(found))
    try:
        check_spans(spans)
    except Overlapping as error:
        raise WrongHours(_("These hours overlap.")) from error
    except ValueError as error:
        raise WrongHours(_("There are too many intervals in one day.")) from error
    return spans


def span_text(spans: Spans) -> str:
    """Return opening hours as text, in the form in which users type them."""
    return ", ".join(f"{clock(begin)}-{clock(end)}" for begin, end in spans)


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def read_days(text: str) -> tuple[StoredDay, ...]:
    """Return the typed own days, by date. Each line has a date, hours (no hours: closed) and a name. Raises WrongHours."""
    found: dict[date, StoredDay] = {}
    for number, line in enumerate(filter(str.strip, text.splitlines()), start=1):
        day = _read_day(line.strip(), number)
        found[day.day] = day
    if len(found) > DAYS_AT_MOST:
        raise WrongHours(_("Use at most %(count)s days.", count=DAYS_AT_MOST))
    return tuple(found[day] for day in sorted(found))


def _read_day(line: str, number: int) -> StoredDay:
    match = DAY.fullmatch(line)
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if day is None or match is None:
        raise WrongHours(_("Line %(number)s: begin with a date like 2026-12-24.", number=number))
    hours = re.match(rf"{SPAN.pattern}(\s*[,;]\s*{SPAN.pattern})*", match[2])
    name = match[2][hours.end() :].strip() if hours else match[2].strip()
    try:
        return StoredDay(day=day, name=name, spans=read_spans(hours[0]) if hours else ())
    except ValidationError as error:
        raise WrongHours(_("Line %(number)s: the name is too long.", number=number)) from error


def day_text(days: tuple[StoredDay, ...]) -> str:
    """Return own days as text, in the form in which users type them, one day a line."""
    return "\n".join(" ".join(filter(None, [own.day.isoformat(), span_text(own.spans), own.name])) for own in days)

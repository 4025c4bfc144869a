"""Read calendar invitations and the answers to them (iMIP, RFC 6047), leniently.

The package `icalendar` is not used, because it refuses the calendars that real programs write (Windows zone names, stray
lines, broken values). Here a value that cannot be read is left out and the rest is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from app.contract.base import Json
from app.mail.source import Part, tidy
from app.mail.timezones import zone_of

METHODS: Final = frozenset(["REQUEST", "REPLY", "CANCEL", "COUNTER", "DECLINECOUNTER", "ADD", "REFRESH", "PUBLISH"])
TYPES: Final = frozenset(["text/calendar", "application/ics"])
_MAX_TEXT: Final = 500_000
_FOLD: Final = re.compile(r"\r?\n[ \t]")
_LINE: Final = re.compile(r'([A-Za-z0-9-]{1,60})((?:;[^:"]*(?:"[^"]*"[^:"]*)*)?):(.*)')
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]{1,60})=("[^"]*"|[^;]*)')
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")
_TITLES: Final = {
    "REQUEST": "Invitation",
    "PUBLISH": "Appointment",
    "CANCEL": "Cancelled",
    "COUNTER": "New time proposed",
    "DECLINECOUNTER": "Proposal declined",
}
_ANSWERS: Final = {"ACCEPTED": "Accepted", "DECLINED": "Declined", "TENTATIVE": "Tentatively accepted"}


@dataclass(frozen=True)
class Moment:
    """A time in an invitation. `written` is the text with its zone name. `at` is the instant, or None for whole days and
    unknown zones."""

    written: str
    at: datetime | None = None


@dataclass(frozen=True)
class Invitation:
    """An invitation or an answer to one. `method` is in capitals; addresses are in lower case. In a REPLY, `partstat` is the
    answer of the (first) attendee."""

    method: str
    uid: str
    sequence: int = 0
    summary: str = ""
    location: str = ""
    description: str = ""
    comment: str = ""
    organizer: str = ""
    attendees: tuple[str, ...] = ()
    partstat: str = ""
    start: Moment | None = None
    end: Moment | None = None

    def as_meta(self) -> Json:
        """Return the JSON that is stored with the message. Empty values are left out; times are aware UTC in ISO format."""
        values = {
            "method": self.method,
            "uid": self.uid,
            "sequence": self.sequence,
            "summary": self.summary,
            "location": self.location,
            "organizer": self.organizer,
            "attendees": list(self.attendees),
            "partstat": self.partstat,
            "start": self.start.written if self.start else "",
            "end": self.end.written if self.end else "",
            "starts_at": _iso(self.start),
            "ends_at": _iso(self.end),
        }
        return {name: value for name, value in values.items() if value not in ("", [], None)}

    def as_text(self) -> str:
        """Return the invitation as a few lines for people."""
        title = _ANSWERS.get(self.partstat, "Answer") if self.method == "REPLY" else _TITLES.get(self.method, "Appointment")
        when = " – ".join(moment.written for moment in (self.start, self.end) if moment)
        lines = [
            f"{title}: {self.summary or '(no title)'}",
            f"When: {when}" if when else "",
            f"Where: {self.location}" if self.location else "",
            f"Organizer: {self.organizer}" if self.organizer else "",
            f"\n{self.comment or self.description}" if self.comment or self.description else "",
        ]
        return "\n".join(line for line in lines if line)


def find_invitation(root: Part) -> Invitation | None:
    """Return the invitation in a mail, or None if it has none. It is the text/calendar part with a method."""
    for part in root.walk():
        if part.content_type in TYPES:
            found = read_invitation(part.text, method=part.params.get("method", ""))
            if found:
                return found
    return None


def read_invitation(text: str, *, method: str = "") -> Invitation | None:
    """Return the first event or task of an iCalendar text. Never raises.

    Return None if the text has no METHOD (it is a plain .ics file), and no `method` is given, or if it has no event or task.
    """
    lines = list(_lines(text[:_MAX_TEXT]))
    named = next((value for name, _, value in lines if name == "METHOD"), "") or method
    event = list(_first_component(lines))
    if named.strip().upper() not in METHODS or not event:
        return None
    values = {name: value for name, _, value in reversed(event)}
    attendees = [(params, _address(value)) for name, params, value in event if name == "ATTENDEE"]
    return Invitation(
        method=named.strip().upper(),
        uid=tidy(values.get("UID", ""))[:500],
        sequence=_number(values.get("SEQUENCE", "")),
        summary=tidy(_unescape(values.get("SUMMARY", "")))[:500],
        location=tidy(_unescape(values.get("LOCATION", "")))[:500],
        description=_unescape(values.get("DESCRIPTION", "")).strip()[:20_000],
        comment=_unescape(values.get("COMMENT", "")).strip()[:20_000],
        organizer=_address(values.get("ORGANIZER", "")),
        attendees=tuple(address for _, address in attendees[:200] if address),
        partstat=next((params["PARTSTAT"].upper()[:40] for params, _ in attendees if params.get("PARTSTAT")), ""),
        start=_moment(event, "DTSTART"),
        end=_moment(event, "DTEND"),
    )


def _lines(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    for line in _FOLD.sub("", text).split("\n"):
        match = _LINE.match(line.rstrip("\r"))
        if match:
            params = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(match[2])}
            yield match[1].upper(), params, match[3]


def _first_component(lines: list[tuple[str, dict[str, str], str]]) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the lines of the first VEVENT or VTODO, without the lines of its alarms."""
    depth = 0
    for name, params, value in lines:
        if name == "BEGIN":
            depth += 1 if depth or value.strip().upper() in ("VEVENT", "VTODO") else 0
        elif name == "END" and depth:
            depth -= 1
            if depth == 0:
                return
        elif depth == 1:
            yield name, params, value


def _moment(event: list[tuple[str, dict[str, str], str]], wanted: str) -> Moment | None:
    params, value = next(((params, value) for name, params, value in event if name == wanted), ({}, ""))
    match = _TIME.match(value.strip())
    if not match:
        return None
    year, month, day, hour, minute = (int(piece or 0) for piece in match.groups()[:5])
    try:
        local = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None
    if match[4] is None:
        return Moment(f"{local:%Y-%m-%d}")
    zone_name = "UTC" if match[7] else params.get("TZID", "")
    zone = zone_of(zone_name)
    return Moment(f"{local:%Y-%m-%d %H:%M}" + (f" ({tidy(zone_name)[:80]})" if zone_name else ""), _instant(local, zone))


def _instant(local: datetime, zone: ZoneInfo | None) -> datetime | None:
    try:
        return local.replace(tzinfo=zone).astimezone(UTC) if zone else None
    except (OverflowError, ValueError):
        return None


def _iso(moment: Moment | None) -> str:
    return moment.at.isoformat().replace("+00:00", "Z") if moment and moment.at else ""


def _unescape(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value)


def _address(value: str) -> str:
    return tidy(value.strip().lower().removeprefix("mailto:"))[:320]


def _number(value: str) -> int:
    return int(value.strip()) if re.fullmatch(r"\s*\d{1,9}\s*", value) else 0

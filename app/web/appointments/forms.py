"""Form of an appointment (`AppointmentForm`)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.appointments.actions import AppointmentContent
from app.domain.appointments.models import NOTES_CHARACTERS, PLACE_CHARACTERS, TITLE_CHARACTERS, USUAL_MINUTES, AppointmentKind
from app.domain.appointments.times import NoSuchTime, instant, is_zone

LENGTHS = (15, 30, 45, 60, 90, 120, 180, 240, 480)
MOST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class About:
    """The brand, contact, thread and order that an appointment belongs to. The route sets them, not the form."""

    brand_id: uuid.UUID
    contact_id: uuid.UUID
    thread_id: uuid.UUID | None
    order_id: uuid.UUID | None


@dataclass
class AppointmentForm:
    """The form of an appointment: the typed values and the errors, both by field."""

    values: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def content(self, about: About, *, zone: str, technicians: set[uuid.UUID], orders: set[uuid.UUID]) -> AppointmentContent:
        """Check the typed values and return the content of the appointment. Do not use it if `errors` is not empty afterwards.

        If no length is typed, the appointment gets the usual length of its kind. `technicians` and `orders` are the ids that
        may be chosen.
        """
        kind = self._kind()
        starts_at = self._start(self._zone(zone))
        return AppointmentContent(
            brand_id=about.brand_id,
            contact_id=about.contact_id,
            thread_id=about.thread_id,
            order_id=self._one_of("order", orders, _("Choose one of the orders of this customer.")) or about.order_id,
            technician_user_id=self._one_of("technician", technicians, _("This person cannot see the appointment's brand.")),
            kind=kind,
            title=self._line("title", TITLE_CHARACTERS),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=self._minutes() or USUAL_MINUTES[kind]),
            zone=self._zone(zone),
            place=self._line("place", PLACE_CHARACTERS),
            notes=self._notes(),
        )

    def get(self, name: str) -> str:
        return storable(self.values.get(name, "")).strip()

    def _kind(self) -> AppointmentKind:
        found = next((kind for kind in AppointmentKind if kind.value == (self.get("kind") or "visit")), None)
        if found is None:
            self.errors["kind"] = _("Choose one from the list.")
        return found or AppointmentKind.VISIT

    def _zone(self, usual: str) -> str:
        zone = self.get("zone") or usual
        if not is_zone(zone):
            self.errors["zone"] = _("Choose one from the list.")
            return usual
        return zone

    def _start(self, zone: str) -> datetime:
        day, at = self._day(), self._time()
        try:
            return instant(day, at, zone)
        except NoSuchTime:
            self.errors["time"] = _("This time does not exist on that day, because the clocks change: choose another.")
            return datetime.combine(day, at, tzinfo=UTC)

    def _day(self) -> date:
        try:
            day = date.fromisoformat(self.get("date"))
        except ValueError:
            self.errors["date"] = _("Write the date as year-month-day, like 2026-12-31.")
            return date(2000, 1, 1)
        if not 2000 <= day.year <= 2100:
            self.errors["date"] = _("Choose a date between 2000 and 2100.")
            return date(2000, 1, 1)
        return day

    def _time(self) -> time:
        try:
            return time.fromisoformat(self.get("time")).replace(second=0, microsecond=0, tzinfo=None)
        except ValueError:
            self.errors["time"] = _("Write the time as hours and minutes, like 14:30.")
            return time()

    def _minutes(self) -> int | None:
        text = self.get("minutes")
        if not text:
            return None
        if text.isdecimal() and len(text) < 6 and 0 < int(text) <= MOST_MINUTES:
            return int(text)
        self.errors["minutes"] = _("Choose one from the list.")
        return None

    def _one_of(self, name: str, known: set[uuid.UUID], refusal: str) -> uuid.UUID | None:
        found = next((one for one in known if str(one) == self.get(name)), None)
        if self.get(name) and found is None:
            self.errors[name] = refusal
        return found

    def _line(self, name: str, most: int) -> str:
        text = " ".join(self.get(name).split())
        if len(text) > most:
            self.errors[name] = _("Use at most %(count)s characters.", count=most)
        elif not text and name == "title":
            self.errors[name] = _("Say what the appointment is for.")
        return text[:most]

    def _notes(self) -> str:
        notes = self.get("notes").replace("\r\n", "\n")
        if len(notes) > NOTES_CHARACTERS:
            self.errors["notes"] = _("Use at most %(count)s characters.", count=NOTES_CHARACTERS)
        return notes

"""Schemas of appointments in the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from app.api.schemas.base import Input, ListQuery, Output, SafeText, absent
from app.api.schemas.threads import BrandKey
from app.domain.appointments.models import (
    NOTES_CHARACTERS,
    PLACE_CHARACTERS,
    TITLE_CHARACTERS,
    AppointmentKind,
    AppointmentState,
    ReminderOutcome,
)
from app.domain.appointments.times import is_zone

SortAppointments = Literal["starts_at", "-starts_at", "created_at", "-created_at"]
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_CHARACTERS, strip_whitespace=True), SafeText]
Place = Annotated[str, StringConstraints(max_length=PLACE_CHARACTERS, strip_whitespace=True), SafeText]
Notes = Annotated[str, StringConstraints(max_length=NOTES_CHARACTERS), SafeText]


def _refuse_unknown_zone(value: str) -> str:
    if not is_zone(value):
        raise ValueError("is no time zone, such as Europe/Amsterdam")
    return value


def _refuse_far_times(value: datetime) -> datetime:
    if not 2000 <= value.year <= 2100:
        raise ValueError("must lie between 2000 and 2100")
    return value


Zone = Annotated[
    str,
    StringConstraints(max_length=60),
    AfterValidator(_refuse_unknown_zone),
    Field(description="Of the place, e.g. `Europe/Amsterdam`: the contact is told of days and times on that clock"),
]
Instant = Annotated[AwareDatetime, AfterValidator(_refuse_far_times)]


class AppointmentReminderOut(Output):
    """The reminder of a visit, which the contact gets a day before. `outcome` is null until the reminder is sent or stopped."""

    send_at: datetime
    outcome: ReminderOutcome | None
    reason: str
    message_id: uuid.UUID | None


class AppointmentOut(Output):
    """An appointment: a visit, a phone call or something else with a contact, with its start and end."""

    id: uuid.UUID
    title: str
    appointment_type: AppointmentKind
    status: AppointmentState
    brand: str = Field(description="Key of the brand, e.g. `chargecars`")
    customer_contact_id: uuid.UUID
    technician_contact_id: uuid.UUID | None
    thread_id: uuid.UUID | None
    order_id: uuid.UUID | None
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    place: str
    notes: str
    reminders: list[AppointmentReminderOut] = Field(description="First to last; at most one waits")
    created_at: datetime
    updated_at: datetime


class AppointmentPage(Output):
    items: list[AppointmentOut]
    next_cursor: str | None


class AppointmentListQuery(ListQuery):
    appointment_type: AppointmentKind | None = None
    status: AppointmentState | None = None
    brand: BrandKey | None = None
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    customer_contact_id: uuid.UUID | None = None
    technician_contact_id: uuid.UUID | None = None
    starts_after: Instant | None = Field(default=None, description="Those that begin then or later")
    starts_before: Instant | None = Field(default=None, description="Those that begin earlier")
    sort: SortAppointments = "starts_at"


class AppointmentCreate(Input):
    """A new appointment, about a thread or an order or both. Without `ends_at` it gets the usual length of its type."""

    title: Title
    appointment_type: AppointmentKind = AppointmentKind.VISIT
    thread_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None
    technician_contact_id: uuid.UUID | None = None
    starts_at: Instant
    ends_at: Instant | None = None
    time_zone: Zone = "Europe/Amsterdam"
    place: Place = ""
    notes: Notes = ""


class AppointmentUpdate(Input):
    """A change of an appointment. A field that is left out does not change. With `starts_at` alone the appointment keeps its
    length."""

    title: Title = absent()
    appointment_type: AppointmentKind = absent()
    status: AppointmentState = absent()
    order_id: uuid.UUID | None = absent("An order of the same brand and customer; null: none")
    technician_contact_id: uuid.UUID | None = absent("null: nobody")
    starts_at: Instant = absent()
    ends_at: Instant = absent()
    time_zone: Zone = absent()
    place: Place = absent()
    notes: Notes = absent()

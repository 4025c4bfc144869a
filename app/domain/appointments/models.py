"""Tables of appointments, their reminders, their entries in mailboxes' calendars, and absences."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId, text_enum

TITLE_CHARACTERS, PLACE_CHARACTERS, NOTES_CHARACTERS = 200, 300, 5_000


class AppointmentKind(StrEnum):
    VISIT = "visit"
    CALL = "call"
    OTHER = "other"


class AppointmentState(StrEnum):
    PLANNED = "planned"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    NOT_HOME = "not_home"  # nobody opened
    ABORTED = "aborted"  # they were there, and could not go on
    CANCELLED = "cancelled"


class ReminderOutcome(StrEnum):
    SENT = "sent"  # its mail is promised; what becomes of it is the delivery's
    STOPPED = "stopped"  # it was not to be sent any more, or could not be
    TOO_LATE = "too_late"


UNDER_WAY = (AppointmentState.ON_THE_WAY, AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS)

# How long one usually takes, in minutes.
USUAL_MINUTES = {AppointmentKind.VISIT: 120, AppointmentKind.CALL: 30, AppointmentKind.OTHER: 60}
_OPEN = "state IN ('ready', 'running')"


class Appointment(WithId, Base):
    """An appointment with a contact. `zone` is the time zone of the place, in which days and times are shown."""

    __tablename__ = "appointments"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id"))
    thread_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("threads.id", ondelete="SET NULL"))
    order_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("orders.id", ondelete="SET NULL"))
    technician_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    kind: Mapped[AppointmentKind] = mapped_column(text_enum(AppointmentKind, "kind"))
    state: Mapped[AppointmentState] = mapped_column(text_enum(AppointmentState, "state"), default=AppointmentState.PLANNED)
    title: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    zone: Mapped[str]
    place: Mapped[str] = mapped_column(default="")
    notes: Mapped[str] = mapped_column(default="")
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.Index("ix_appointments_starts", "brand_id", "starts_at", "id"),
        sa.Index("ix_appointments_technician", "technician_user_id", "starts_at"),
        sa.Index("ix_appointments_thread", "thread_id"),
        sa.Index("ix_appointments_contact", "contact_id"),
        sa.Index("ix_appointments_order", "order_id"),
        sa.CheckConstraint("starts_at < ends_at", name="times"),
        sa.CheckConstraint("title <> ''", name="title"),
    )

    @property
    def is_planned(self) -> bool:
        return self.state == AppointmentState.PLANNED

    @property
    def is_open(self) -> bool:
        """Return whether the appointment is planned or under way."""
        return self.state == AppointmentState.PLANNED or self.state in UNDER_WAY


class CalendarEntry(WithId, Claimable, Base):
    """The promise to write the present version of an appointment into a mailbox's calendar.

    The row's id is our reference in the calendar. If the event is deleted there and the appointment is planned again, it
    gets a new row. `event_id` is the provider's id of the event. It is null until the event was written, but the event may
    exist since `tried_at`. `changed_at` is when we last wrote the event, by the provider's clock; earlier changes are
    ignored. `problem` says in English why the event is missing or outdated there.
    """

    __tablename__ = "calendar_entries"

    appointment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("appointments.id", ondelete="CASCADE"), unique=True)
    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"))
    event_id: Mapped[str | None]
    tried_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        sa.UniqueConstraint("channel_id", "event_id"),
        sa.Index("ix_calendar_entries_due", "run_at", postgresql_where=sa.text(_OPEN)),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )


class AppointmentReminder(WithId, Claimable, Base):
    """The promise to remind a contact of a visit that begins at `starts_at`. A row that is done has an `outcome`, and a
    `reason` if no reminder was sent.

    Each appointment has at most one open reminder. For each of its start times at most one reminder is sent.
    """

    __tablename__ = "appointment_reminders"

    appointment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("appointments.id", ondelete="CASCADE"))
    starts_at: Mapped[datetime]
    outcome: Mapped[ReminderOutcome | None] = mapped_column(text_enum(ReminderOutcome, "outcome"))
    reason: Mapped[str] = mapped_column(default="")
    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_appointment_reminders_due", "run_at", postgresql_where=sa.text(_OPEN)),
        sa.Index("ix_appointment_reminders_message_id", "message_id"),
        sa.Index("uq_appointment_reminders_open", "appointment_id", unique=True, postgresql_where=sa.text(_OPEN)),
        sa.Index(
            "uq_appointment_reminders_sent",
            "appointment_id",
            "starts_at",
            unique=True,
            postgresql_where=sa.text("outcome = 'sent'"),
        ),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
        sa.CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name="outcome_pair"),
    )


class Absence(Base):
    """A day on which a user is absent, in the user's own time zone."""

    __tablename__ = "absences"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    absent_date: Mapped[date] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(default="")
    created_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_absences_date", "absent_date"),)

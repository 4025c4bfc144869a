"""Tables of technicians' phone actions, their files and keys, checklists and visit reports."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum

TEXT_CHARACTERS, LINE_CHARACTERS = 4_000, 200
FILE_BYTES = 10 * 1024 * 1024


class ActionKind(StrEnum):
    STEP = "step"
    NOTE = "note"
    MESSAGE = "message"
    PHOTO = "photo"
    CHECKLIST = "checklist"
    SERIAL = "serial"
    METER = "meter"
    SIGNATURE = "signature"
    VOICE = "voice"
    FOLLOW_UP = "follow_up"


class Outcome(StrEnum):
    APPLIED = "applied"
    CONFLICT = "conflict"  # the world changed: a person chooses, which is another action
    REFUSED = "refused"  # never as it is
    DISCARDED = "discarded"  # its owner threw it away; should it arrive later, nothing happens


class ReportOutcome(StrEnum):
    SENT = "sent"  # its mail is promised; what becomes of it is the delivery's
    STOPPED = "stopped"  # it could not be sent, or was not wanted


class PhotoLabel(StrEnum):
    BEFORE = "before"
    AFTER = "after"
    FUSE_BOX = "fuse_box"
    CHARGER = "charger"
    NAMEPLATE = "nameplate"
    OBSTACLE = "obstacle"  # why a visit could not go on
    OTHER = "other"


# What happened at the place, whoever has the visit now.
EVIDENCE = frozenset(ActionKind) - {ActionKind.STEP, ActionKind.MESSAGE}


class PhoneAction(Base):
    """One action of a technician that a phone reported, under the id that the phone gave it. It is stored once, together with
    its effect.

    `number`: the order of arrival. `occurred_at`: the time by the phone's clock, corrected by its known offset. `answer`:
    the answer for the phone, {"code", "words", "choices", "details"}. It is returned again if the same action comes again.
    """

    __tablename__ = "phone_actions"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), unique=True)
    device_id: Mapped[uuid.UUID]
    appointment_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("appointments.id", ondelete="SET NULL"))
    kind: Mapped[ActionKind | None] = mapped_column(text_enum(ActionKind, "kind"))
    digest: Mapped[str]  # of what it says; "" where it was thrown away before it came
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    file_id: Mapped[uuid.UUID | None]
    outcome: Mapped[Outcome] = mapped_column(text_enum(Outcome, "outcome"))
    answer: Mapped[dict[str, Any]] = mapped_column(default=dict)
    replaces_id: Mapped[uuid.UUID | None]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_phone_actions_appointment", "appointment_id", "number"),
        sa.CheckConstraint("(outcome = 'discarded') = (kind IS NULL)", name="discarded"),
    )


class FieldFile(Base):
    """One file that a phone sent, under the id that the phone gave it. An action names this id later.

    Made after the file has arrived: `thumbnail_key`, the storage key of a small JPEG of a picture; `transcript`, the
    machine's text of a voice note; `codes`, the texts of bar and QR codes in the photo of a nameplate.
    """

    __tablename__ = "field_files"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int]
    storage_key: Mapped[str]
    thumbnail_key: Mapped[str | None]
    transcript: Mapped[str] = mapped_column(default="", server_default="")
    codes: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_field_files_created", "created_at"),
        sa.CheckConstraint("size_bytes > 0", name="size"),
    )


class FieldFilePart(Base):
    """One piece of a file that a phone is sending. Pieces are deleted when the file is complete, or after a while.

    `begins_at`: the offset of the piece in the file, in bytes. `whole_bytes` and `whole_sha256` (lower-case hex): size and
    digest of the whole file, as the phone gave them.
    """

    __tablename__ = "field_file_parts"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    file_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    begins_at: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes]
    whole_bytes: Mapped[int]
    whole_sha256: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_field_file_parts_created", "created_at"),
        sa.CheckConstraint("begins_at >= 0 AND octet_length(content) > 0", name="content"),
    )


class PhoneKey(WithId, Base):
    """The key with which one phone encrypts the data that it stores for one user. The phone forgets the key at sign-out and
    asks for it again.

    `seen_at`: the approximate time when the phone last called. `waiting`: how many unsent actions the phone had then.
    `waiting_since`: the time of the oldest of them. `told_of_since`: the value of `waiting_since` about which the user was
    last notified.
    """

    __tablename__ = "phone_keys"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    device_id: Mapped[uuid.UUID]
    sealed_key: Mapped[bytes]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    waiting: Mapped[int] = mapped_column(default=0, server_default="0")
    waiting_since: Mapped[datetime | None]
    told_of_since: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("user_id", "device_id"),
        sa.Index("ix_phone_keys_waiting", "waiting_since", postgresql_where=sa.text("waiting > 0")),
        sa.CheckConstraint("waiting >= 0 AND (waiting = 0) = (waiting_since IS NULL)", name="waiting"),
    )


class VisitChecklist(WithId, Base):
    """The checklist of one brand for one type of work. Each of its `items` is a text. The `order_type` "" means all types
    without a checklist of their own."""

    __tablename__ = "visit_checklists"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    order_type: Mapped[str] = mapped_column(default="")
    items: Mapped[list[str]]
    updated_at: Mapped[datetime]

    __table_args__ = (sa.UniqueConstraint("brand_id", "order_type"),)


class VisitReport(Base):
    """The report of a done visit for its customer. There is one per visit, even if the visit is done twice.

    `outcome` is null until the report is sent or stopped; `reason` says why it was stopped. `task_id`: the task to finish
    the documentation, null if the documentation was complete.
    """

    __tablename__ = "visit_reports"

    appointment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("appointments.id", ondelete="CASCADE"), primary_key=True)
    task_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("tasks.id", ondelete="SET NULL"), index=True)
    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    outcome: Mapped[ReportOutcome | None] = mapped_column(text_enum(ReportOutcome, "outcome"))
    reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),)

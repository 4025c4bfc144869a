"""Table of phone calls that a provider reports."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class PhoneCall(WithId, Base):
    """One phone call. `call_id` is the provider's id of its first leg; `legs` are as in app/domain/threads/call_legs.py.

    `message_id` is the record of the call in a thread; it is null while only a dialled leg is known. `ended_at` is when we
    first knew that the call had ended.
    """

    __tablename__ = "phone_calls"

    call_id: Mapped[str] = mapped_column(unique=True)
    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id"))
    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"), unique=True)
    legs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    recording: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

"""Tables of integrations (connected services besides channels) and form submissions."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
from app.providers.registry import serving


class Provider(StrEnum):
    """The providers of services besides channels, by key."""

    FORMS = serving("forms")
    MAKE = serving("scenarios")


class Integration(WithId, Base):
    """A connected account of a service. `sealed_secrets`: an encrypted JSON object of its secrets. `channel_id`: the channel
    through which threads from this integration are answered.

    `poll_state`: the checkpoint of polling; it is written in the same transaction as the submissions before it. `problem`:
    the current problem in English, "" if there is none.
    """

    __tablename__ = "integrations"

    provider: Mapped[Provider] = mapped_column(text_enum(Provider, "provider"))
    name: Mapped[str] = mapped_column(unique=True)
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id", ondelete="SET NULL"))
    is_active: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sealed_secrets: Mapped[bytes]
    poll_state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    polled_at: Mapped[datetime | None]
    poll_lease_until: Mapped[datetime | None]
    last_inbound_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="")
    problem_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class FormSubmission(WithId, Base):
    """A form that somebody filled in, with its contact, order and thread.

    `intake`: the values read from the answers. `told_at`: when the answers were last changed, by the provider's clock.
    """

    __tablename__ = "form_submissions"

    integration_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("integrations.id"))
    external_id: Mapped[str]
    form_id: Mapped[str] = mapped_column(default="")
    form_name: Mapped[str] = mapped_column(default="")
    answers: Mapped[list[Any]]
    intake: Mapped[dict[str, Any]]
    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id"))
    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id"))
    thread_id: Mapped[uuid.UUID]
    submitted_at: Mapped[datetime]
    told_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("integration_id", "external_id"),
        sa.Index("ix_form_submissions_contact", "contact_id"),
    )

"""Tables of channels (our accounts at providers) with sealed credentials, expiries and sign-ins."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class ChannelType(StrEnum):
    EMAIL_OUTLOOK = "email_outlook"
    EMAIL = "email"
    WHATSAPP_BUSINESS = "whatsapp_business"
    SMS = "sms"
    PHONE_CALL = "phone_call"
    INTERNAL_COMMENT = "internal_comment"
    INTERNAL_TASK = "internal_task"
    INTERNAL_TICKET = "internal_ticket"


class Medium(StrEnum):
    """The medium of a conversation (mail, WhatsApp, SMS …), whatever account carries it."""

    EMAIL = "email"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    PHONE = "phone"
    INTERNAL = "internal"


MEDIUM_OF = {
    ChannelType.EMAIL_OUTLOOK: Medium.EMAIL,
    ChannelType.EMAIL: Medium.EMAIL,
    ChannelType.WHATSAPP_BUSINESS: Medium.WHATSAPP,
    ChannelType.SMS: Medium.SMS,
    ChannelType.PHONE_CALL: Medium.PHONE,
    ChannelType.INTERNAL_COMMENT: Medium.INTERNAL,
    ChannelType.INTERNAL_TASK: Medium.INTERNAL,
    ChannelType.INTERNAL_TICKET: Medium.INTERNAL,
}


CHOSEN_FOLDERS, CHOSEN_SINCE = "folders", "folders_since"
"""Settings of a mailbox: the folders followed besides its usual ones ({id: name}), and since when each is ({id: ISO 8601})."""


class Channel(WithId, Base):
    """A channel: one mailbox or one phone number. `address` is how the provider identifies it: the mailbox address or the phone
    number id.

    `sealed_secrets` is an encrypted JSON object (read by `open_secrets`). `poll_state` is the cursor of the poller; it is
    written in the same transaction as the events before the cursor.
    """

    __tablename__ = "channels"

    channel_type: Mapped[ChannelType] = mapped_column(text_enum(ChannelType, "channel_type"))
    name: Mapped[str] = mapped_column(unique=True)
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    address: Mapped[str]
    display_address: Mapped[str] = mapped_column(default="")  # what people see: the number or the mailbox
    is_active: Mapped[bool] = mapped_column(default=True)
    paused_at: Mapped[datetime | None]  # since then it receives and does not send
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sealed_secrets: Mapped[bytes | None]
    poll_state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    calendar_state: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # as poll_state
    calendar_problem: Mapped[str] = mapped_column(default="", server_default="")  # why it is not read, in English
    polled_at: Mapped[datetime | None]
    poll_lease_until: Mapped[datetime | None]  # somebody polls
    poll_rests_until: Mapped[datetime | None]  # the provider asked not to be polled
    poll_wanted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # told of something new during a poll
    subscription: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # by which the provider tells us
    last_inbound_at: Mapped[datetime | None]
    health: Mapped[str] = mapped_column(default="unknown")
    health_detail: Mapped[str] = mapped_column(default="")
    health_at: Mapped[datetime | None]
    degraded_since: Mapped[datetime | None]  # it works in part, and nobody was told that it is down
    trouble_since: Mapped[datetime | None]  # administrators were told of it, and not yet that it works again
    version: Mapped[int] = mapped_column(default=1, server_default="1")  # grows with every change somebody makes on its form
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("channel_type", "address"),
        sa.CheckConstraint("health IN ('unknown', 'ok', 'degraded', 'down')", name="health"),
    )

    @hybrid_property
    def adapter_key(self) -> str:
        """Return the key of the channel's adapter: its type, or "type/transport" for a type with several transports."""
        transport = self.settings.get("transport")
        return f"{self.channel_type.value}/{transport}" if transport else self.channel_type.value

    @adapter_key.inplace.expression
    @classmethod
    def _adapter_key_in_sql(cls) -> sa.ColumnElement[str]:
        return sa.func.concat(sa.cast(cls.channel_type, sa.Text), sa.literal("/", sa.Text) + cls.settings["transport"].astext)

    @property
    def medium(self) -> Medium:
        return MEDIUM_OF[self.channel_type]


class ChannelCredential(Base):
    """The day on which a credential of a channel expires, if somebody entered it. `name` is the name of the secret."""

    __tablename__ = "channel_credentials"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    expires_date: Mapped[date]


class ChannelOccasion(Base):
    """A check or alert of a channel that happens once, such as "check 2026-11-22" or "access_token 2026-12-01 7"."""

    __tablename__ = "channel_occasions"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime]


class SignIn(Base):
    """A sign-in at a provider that is under way, used once. `state_hash`: the hash of the state that the browser brings back.
    `sealed`: the entered form and the adapter's state, encrypted. `channel_id`: the existing channel, or null for a new
    channel."""

    __tablename__ = "sign_ins"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"))
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"))
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]

"""Tables of users, brands, teams, sessions, API tokens and idempotency records."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class Role(StrEnum):
    AGENT = "agent"
    LEAD = "lead"
    MANAGER = "manager"
    TECHNICIAN = "technician"
    READ_ONLY = "read_only"
    PARTNER = "partner"
    ADMIN = "admin"


class Brand(WithId, Base):
    """A name under which the company talks to people (`business_entity` in partner documents)."""

    __tablename__ = "brands"

    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    hue: Mapped[int] = mapped_column(default=0)  # 0-7, picks a colour class
    email_signature: Mapped[str] = mapped_column(default="")
    only_assignee_answers: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    tasks_of_promises: Mapped[bool] = mapped_column(default=True, server_default=sa.true())  # a reply that promises makes a task
    sends_visit_reports: Mapped[bool] = mapped_column(default=True, server_default=sa.true())  # once one is done
    keeps_photo_place: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # where one was taken
    recognises_speech: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # by the browser's maker, on phones
    manager_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    languages: Mapped[list[str]] = mapped_column(
        default=["nl"], server_default="{nl}"
    )  # its customers' own; the first where unknown
    archived_at: Mapped[datetime | None]  # nothing new is made under it; what there is stays

    __table_args__ = (sa.CheckConstraint("languages <@ '{nl,en,fr}' AND cardinality(languages) > 0", name="languages"),)


class Team(WithId, Base):
    __tablename__ = "teams"

    name: Mapped[str] = mapped_column(unique=True)
    manager_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    archived_at: Mapped[datetime | None]  # it has no people and gets no work


class User(WithId, Base):
    """A person who signs in. `contact_id` is the contact of the same person, by which the API names users."""

    __tablename__ = "users"

    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id"), unique=True)
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(text_enum(Role, "role"))
    password_hash: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="Europe/Amsterdam")
    theme: Mapped[str] = mapped_column(default="system")
    after_closing: Mapped[str] = mapped_column(default="next", server_default="next")  # a thread: the next one opens, or the list
    density: Mapped[str] = mapped_column(default="comfortable", server_default="comfortable")  # how close the rows of lists stand
    single_keys: Mapped[bool] = mapped_column(default=True)  # single-key shortcuts on (WCAG 2.1.4)
    undo_send_seconds: Mapped[int] = mapped_column(default=10, server_default="10")  # a reply from the pages waits this long
    rail_order: Mapped[list[str]] = mapped_column(default=list, server_default="{}")  # links of the rail by name; others follow
    rail_hidden: Mapped[list[str]] = mapped_column(default=list, server_default="{}")  # channels they do not want there
    is_executive: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # whom the last escalations tell; one
    hides_first_steps: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("uq_users_executive", "is_executive", unique=True, postgresql_where=sa.text("is_executive")),
        sa.Index("uq_users_email_lower", sa.text("lower(email)"), unique=True),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
        sa.CheckConstraint("density IN ('comfortable', 'compact')", name="density"),
        sa.CheckConstraint("after_closing IN ('next', 'list')", name="after_closing"),
        sa.CheckConstraint("undo_send_seconds IN (0, 5, 10, 20)", name="undo_send_seconds"),
    )


class TeamMember(Base):
    __tablename__ = "team_members"

    team_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


class BrandMember(Base):
    """The membership of one user in one brand, which the user may see. Administrators see all brands without such a row."""

    __tablename__ = "brand_members"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


class UserSession(WithId, Base):
    """A session of a signed-in browser. The cookie has a random token; the row has only the hash of this token. Revoking the
    row ends the session."""

    __tablename__ = "user_sessions"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    ip: Mapped[str | None]
    user_agent: Mapped[str] = mapped_column(default="")


class ApiToken(WithId, Base):
    """An API token that acts as its user and never sees more than the user. The token itself is shown once; only its hash is
    stored."""

    __tablename__ = "api_tokens"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    prefix: Mapped[str]  # the first characters, to recognise it in a list
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginThrottle(Base):
    """The failed sign-ins of one account or one IP address. Each failure makes the next wait longer; nobody is locked out
    forever."""

    __tablename__ = "login_throttles"

    key: Mapped[str] = mapped_column(primary_key=True)  # "account:<email>" or "address:<ip>"
    failures: Mapped[int] = mapped_column(default=0)
    last_failed_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class IdempotencyRecord(Base):
    """The stored answer to a write with an Idempotency-Key. A request with the same key and body gets the same answer again."""

    __tablename__ = "idempotency_records"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]  # hex sha256 of method, path and body
    status: Mapped[int | None]  # null while the first request is being served
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]

"""Tables of transitions (status history) and of the restrictions that brands put on transitions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum
from app.core.transitions import ActorKind

REASON_CHARACTERS = 300


class Transition(WithId, Base):
    """One change of a status. `seq` numbers the transitions of an entity without gaps. The first one has no `from_status`.

    `actor_id` is the id of the user, or of the rule, partner or connection named in `actor_name`. If the transition undoes
    another one, `undoes_id` is the id of that one.
    """

    __tablename__ = "transitions"

    entity_type: Mapped[str]
    entity_id: Mapped[uuid.UUID]
    seq: Mapped[int]
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    reason_code: Mapped[str] = mapped_column(default="")
    business_context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    actor_kind: Mapped[ActorKind] = mapped_column(text_enum(ActorKind, "actor_kind"))
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(default="")
    request_key: Mapped[str | None]
    undoes_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("transitions.id"), unique=True)
    at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("entity_type", "entity_id", "seq"),
        sa.UniqueConstraint("entity_type", "entity_id", "request_key"),
        sa.CheckConstraint("(seq = 1) = (from_status IS NULL) AND seq > 0", name="seq"),
    )


class TransitionRule(Base):
    """A rule of a brand about one transition: it is forbidden, or it needs a reason."""

    __tablename__ = "transition_rules"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    entity_type: Mapped[str] = mapped_column(primary_key=True)
    from_status: Mapped[str] = mapped_column(primary_key=True)
    to_status: Mapped[str] = mapped_column(primary_key=True)
    is_forbidden: Mapped[bool] = mapped_column(default=False)
    needs_reason: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (sa.CheckConstraint("is_forbidden OR needs_reason", name="says_something"),)

"""Record who opted out of a brand's messages (STOP), by medium and address.

A row is one opt-out with its time and wording, and the time it ended. Only a message of the contact (START) ends it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base, WithId
from app.core.ids import new_id


class OptOut(WithId, Base):
    """An opt-out from a brand's messages to one address on one medium. `said`: the contact's words. `ended_at`: when the
    contact opted in again, or null while the opt-out is in force. At most one is in force for a brand, medium and address."""

    __tablename__ = "opt_outs"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    medium: Mapped[str]
    address: Mapped[str]  # as an identity is matched
    said: Mapped[str] = mapped_column(default="")
    message_id: Mapped[uuid.UUID | None]  # where they said it
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index(
            "uq_opt_outs_standing", "brand_id", "medium", "address", unique=True, postgresql_where=sa.text("ended_at IS NULL")
        ),
        sa.CheckConstraint("medium IN ('email', 'whatsapp', 'sms', 'phone')", name="medium"),
        sa.CheckConstraint("address <> ''", name="address"),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= asked_at", name="ended"),
    )


def ask_for_no_more(
    session: Session, *, brand_id: uuid.UUID, medium: str, address: str, said: str, message_id: uuid.UUID | None, at: datetime
) -> bool:
    """Record an opt-out. Returns False if one is already in force."""
    values = {"brand_id": brand_id, "medium": medium, "address": address, "said": said[:200], "message_id": message_id}
    statement = postgresql.insert(OptOut).values(id=new_id(), asked_at=at, **values)
    standing = statement.on_conflict_do_nothing(
        index_elements=["brand_id", "medium", "address"], index_where=OptOut.ended_at.is_(None)
    )
    return session.execute(standing.returning(OptOut.id)).first() is not None


def take_back_opt_out(session: Session, *, brand_id: uuid.UUID, medium: str, address: str, at: datetime) -> bool:
    """End the opt-out of an address. Returns False if none was in force at `at`. So an older message does not end a later
    opt-out."""
    theirs = sa.and_(OptOut.brand_id == brand_id, OptOut.medium == medium, OptOut.address == address)
    standing = sa.and_(theirs, OptOut.ended_at.is_(None), OptOut.asked_at <= at)
    return session.execute(sa.update(OptOut).where(standing).values(ended_at=at).returning(OptOut.id)).first() is not None


def find_opt_out(session: Session, *, brand_id: uuid.UUID, medium: str, address: str) -> OptOut | None:
    """Return the opt-out that is in force for an address, or None."""
    theirs = (OptOut.brand_id == brand_id, OptOut.medium == medium, OptOut.address == address, OptOut.ended_at.is_(None))
    return session.execute(sa.select(OptOut).where(*theirs)).scalar_one_or_none()


def list_opt_outs(session: Session, *, brand_ids: Collection[uuid.UUID], addresses: Collection[str]) -> list[OptOut]:
    """List the opt-outs of these brands that are in force for these addresses, the latest first."""
    theirs = (OptOut.brand_id.in_(brand_ids), OptOut.address.in_(addresses), OptOut.ended_at.is_(None))
    return list(session.execute(sa.select(OptOut).where(*theirs).order_by(OptOut.asked_at.desc())).scalars())

"""Tables of the push counters of brands and users. With their numbers, a browser notices that it missed a push."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class BrandSequence(Base):
    """The counter of pushes to everybody who sees a brand, one row for each brand."""

    __tablename__ = "brand_sequences"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class PushSequence(Base):
    """The counter of pushes to one user only, one row for each user."""

    __tablename__ = "push_sequences"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)

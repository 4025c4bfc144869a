"""Tables of push counters by brand and user, by which a browser notices that it missed something."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class BrandSequence(Base):
    """Counter of pushes to everybody who sees the brand."""

    __tablename__ = "brand_sequences"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class PushSequence(Base):
    """Counter of pushes to one user alone."""

    __tablename__ = "push_sequences"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(sa.BigInteger, default=0)

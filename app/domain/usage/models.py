"""Table of usage: calls of each endpoint by day."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class UsageDay(Base):
    """The calls of one endpoint on one day (UTC). `account` is the channel or integration that they were made for, "" for none.

    `steps` are numbers of calls by duration, one for each step of `core/metering.py`.
    """

    __tablename__ = "usage_days"

    called_date: Mapped[date] = mapped_column(primary_key=True)
    is_ours: Mapped[bool] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(sa.BigInteger)
    failures: Mapped[int] = mapped_column(sa.BigInteger)
    throttled: Mapped[int] = mapped_column(sa.BigInteger)
    seconds: Mapped[float]
    steps: Mapped[list[int]] = mapped_column(sa.ARRAY(sa.BigInteger))

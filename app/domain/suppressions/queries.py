"""Read suppressions: the addresses to which nothing may be sent."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.suppression import Stop
from app.domain.suppressions.models import STOPS_EVERYTHING, Suppression


class SuppressionMissing(Exception):
    """Raised when the suppression does not exist, or its brand is not visible to the viewer."""


@dataclass(frozen=True)
class SuppressionPage:
    rows: tuple[Suppression, ...]
    next_before: datetime | None  # give it as `before` for the next page


def find_stopped(session: Session, *, brand_id: uuid.UUID, addresses: Collection[str], is_bulk: bool = False) -> dict[str, Stop]:
    """Return address in lower case -> reason, for those of `addresses` (any case) to which nothing may be sent now.

    With `is_bulk`, reasons that only stop mailings count too.
    """
    reasons = list(Stop) if is_bulk else sorted(STOPS_EVERYTHING)
    lowered = [address.lower() for address in addresses]
    here = sa.and_(
        Suppression.brand_id == brand_id,
        Suppression.address.in_(lowered),
        Suppression.reason.in_(reasons),
        Suppression.lifted_at.is_(None),
    )
    rows = session.execute(sa.select(Suppression.address, Suppression.reason).where(here)).all() if lowered else []
    return {address: reason for address, reason in rows}  # noqa: C416 rows are no pairs to a type checker


def list_suppressions(
    session: Session,
    *,
    brand_ids: Sequence[uuid.UUID],
    words: str = "",
    before: datetime | None = None,
    limit: int = 50,
) -> SuppressionPage:
    """List suppressions that are not lifted, the newest first. `words` is a part of the address."""
    query = sa.select(Suppression).where(Suppression.lifted_at.is_(None), Suppression.brand_id.in_(brand_ids))
    if words:
        query = query.where(Suppression.address.contains(words.lower(), autoescape=True))
    if before is not None:
        query = query.where(Suppression.created_at < before)
    rows = session.execute(query.order_by(Suppression.created_at.desc(), Suppression.id.desc()).limit(limit + 1)).scalars().all()
    return SuppressionPage(tuple(rows[:limit]), rows[limit - 1].created_at if len(rows) > limit else None)


def get_suppression(session: Session, *, suppression_id: uuid.UUID, brand_ids: Sequence[uuid.UUID]) -> Suppression:
    """Return a suppression of these brands. Raises SuppressionMissing."""
    found = session.get(Suppression, suppression_id)
    if found is None or found.brand_id not in brand_ids:
        raise SuppressionMissing(str(suppression_id))
    return found

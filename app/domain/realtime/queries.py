"""Read the push counter of each room."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.realtime.models import BrandSequence, PushSequence
from app.domain.realtime.socket import brand_room, user_room


def list_sequences(session: Session, *, viewer: Viewer) -> dict[str, int]:
    """Return room name -> number of the newest push, for all rooms of the viewer. Rooms without a push are left out."""
    own = sa.select(PushSequence.user_id, PushSequence.sequence, sa.true()).where(PushSequence.user_id == viewer.user_id)
    of_brands = sa.select(BrandSequence.brand_id, BrandSequence.sequence, sa.false())
    rows = session.execute(sa.union_all(own, of_brands.where(BrandSequence.brand_id.in_(viewer.brand_ids))))
    return {user_room(key) if is_own else brand_room(key): number for key, number, is_own in rows}

"""Decide which brand something new belongs to."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.core.problems import invalid
from app.domain.accounts.access import Viewer
from app.domain.threads.api_queries import find_brand_id


def choose_brand_id(session: Session, *, viewer: Viewer, key: str | None, owner: uuid.UUID | None, owner_name: str) -> uuid.UUID:
    """Return the brand id for a new row: the brand named, else that of its `owner`, else the viewer's only one.

    Raises Problem if a brand must be named, is none the viewer sees, or is another than the owner's.
    """
    if key is None:
        if owner is None and len(viewer.brand_ids) != 1:
            raise invalid("brand", "is needed: you work for several brands")
        return owner or viewer.brand_ids[0]
    brand_id = find_brand_id(session, viewer=viewer, key=key)
    if brand_id is None:
        raise invalid("brand", "there is no such brand")
    if owner is not None and owner != brand_id:
        raise invalid("brand", f"is not the brand of the {owner_name}")
    return brand_id

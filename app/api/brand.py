"""Decide to which brand a new row belongs."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.core.problems import invalid
from app.domain.accounts.access import Viewer
from app.domain.threads.api_queries import find_brand_id


def choose_brand_id(session: Session, *, viewer: Viewer, key: str | None, owner: uuid.UUID | None, owner_name: str) -> uuid.UUID:
    """Return the brand id for a new row: the brand with this `key`, or else `owner`, or else the viewer's only brand.

    `owner` is the brand id of the thread or other row that the new row belongs to; `owner_name` names that row in errors.
    Raises `Problem` if a key is needed, if the viewer does not see its brand, or if its brand is not `owner`.
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

"""What leads decide about a brand. The caller owns the transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.models import Brand
from app.events.actions import Actor, audit


def let_only_assignee_answer(session: Session, brand_id: uuid.UUID, *, is_on: bool, now: datetime, actor: Actor) -> Brand:
    """Set whether only the assignee may answer on the brand's threads; what is so already changes nothing."""
    brand = session.get_one(Brand, brand_id, with_for_update=True)
    if brand.only_assignee_answers != is_on:
        brand.only_assignee_answers = is_on
        detail = {"only_assignee_answers": is_on}
        audit(session, action="BrandChanged", object_type="brand", object_id=str(brand_id), now=now, actor=actor, detail=detail)
    return brand


def make_tasks_of_promises(session: Session, brand_id: uuid.UUID, *, is_on: bool, now: datetime, actor: Actor) -> Brand:
    """Set whether a reply that promises something makes a task; what is so already changes nothing."""
    brand = session.get_one(Brand, brand_id, with_for_update=True)
    if brand.tasks_of_promises != is_on:
        brand.tasks_of_promises = is_on
        detail = {"tasks_of_promises": is_on}
        audit(session, action="BrandChanged", object_type="brand", object_id=str(brand_id), now=now, actor=actor, detail=detail)
    return brand

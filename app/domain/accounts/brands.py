"""Switch the rules of a brand on or off. Leads decide this. The caller owns the transaction."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand
from app.domain.events.actions import Actor, audit


class BrandRule(StrEnum):
    """A rule that is on or off for a brand. The value is the name of its column in `brands`."""

    ONLY_ASSIGNEE_ANSWERS = "only_assignee_answers"  # others answer on its threads only after taking them
    TASKS_OF_PROMISES = "tasks_of_promises"  # a reply that promises something makes a task
    SENDS_VISIT_REPORTS = "sends_visit_reports"  # the customer gets the report of a visit by mail
    KEEPS_PHOTO_PLACE = "keeps_photo_place"  # where a technician's photo was taken is kept beside it
    RECOGNISES_SPEECH = "recognises_speech"  # technicians may dictate to the recogniser of their browser


def set_rule(session: Session, brand_id: uuid.UUID, rule: BrandRule, *, is_on: bool, now: datetime, actor: Actor) -> Brand:
    """Switch a rule of the brand on or off and return the brand. A rule that already has this value is left alone."""
    brand = session.get_one(Brand, brand_id, with_for_update=True)
    if getattr(brand, rule) != is_on:
        setattr(brand, rule, is_on)
        detail = {rule.value: is_on}
        audit(session, action="BrandChanged", object_type="brand", object_id=str(brand_id), now=now, actor=actor, detail=detail)
    return brand

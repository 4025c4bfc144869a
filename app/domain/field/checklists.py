"""Write and read the checklists of visits, by brand and type of work. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.events.actions import Actor, Subject, record
from app.domain.field.models import VisitChecklist

MOST_ITEMS = 60


@dataclass(frozen=True)
class ChecklistRow:
    """A checklist with the name of its brand."""

    id: uuid.UUID
    brand_id: uuid.UUID
    brand_name: str
    order_type: str
    items: tuple[str, ...]


def list_checklists(session: Session, *, viewer: Viewer) -> list[ChecklistRow]:
    """List the checklists of the viewer's brands, by brand and type of work."""
    query = sa.select(VisitChecklist, Brand.name).join(Brand, Brand.id == VisitChecklist.brand_id)
    query = query.where(VisitChecklist.brand_id.in_(viewer.brand_ids)).order_by(Brand.name, VisitChecklist.order_type)
    return [
        ChecklistRow(
            row.VisitChecklist.id, row.VisitChecklist.brand_id, row.name, row.VisitChecklist.order_type, tuple(row[0].items)
        )
        for row in session.execute(query)
    ]


def items_of(session: Session, *, brand_id: uuid.UUID, order_type: str) -> tuple[str, ...]:
    """Return the checklist items for this type of work. If the type has no list of its own, return the items of the brand's
    general list, or () if there is none."""
    query = sa.select(VisitChecklist.items).where(
        VisitChecklist.brand_id == brand_id, VisitChecklist.order_type.in_({order_type, ""})
    )
    found = session.execute(query.order_by(VisitChecklist.order_type.desc()).limit(1)).scalar_one_or_none()
    return tuple(found or ())


def set_checklist(
    session: Session, *, brand_id: uuid.UUID, order_type: str, items: Sequence[str], now: datetime, actor: Actor
) -> None:
    """Replace the checklist of a brand and type of work. If `items` is empty, delete it. Items that were ticked on phones stay
    stored."""
    if items:
        values = {"id": new_id(), "brand_id": brand_id, "order_type": order_type, "items": list(items), "updated_at": now}
        insert = postgresql.insert(VisitChecklist).values(values)
        changes = {"items": list(items), "updated_at": now}
        session.execute(insert.on_conflict_do_update(index_elements=["brand_id", "order_type"], set_=changes))
    else:
        session.execute(sa.delete(VisitChecklist).filter_by(brand_id=brand_id, order_type=order_type))
    payload = {"order_type": order_type, "count": len(items)}
    about = ("brand", brand_id)
    record(session, "ChecklistChanged", subject=Subject(brand_id=brand_id), now=now, actor=actor, payload=payload, about=about)

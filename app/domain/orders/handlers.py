"""Move orders to another contact when contacts are merged, and move them back when the merge is undone. The handlers run in the
event's transaction; see app/wiring.py."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.models import ContactMerge
from app.domain.events.models import Event
from app.domain.orders.models import Order

ROLES = {"orders": Order.customer_contact_id, "account_orders": Order.account_contact_id}


def follow_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactsMerged`: move orders to the contact that is kept, and store the ids of these orders in the merge."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    moved = {name: _give(session, column, column == merge.merged_id, merge.kept_id) for name, column in ROLES.items()}
    merge.moved = {**merge.moved, **moved}
    session.flush()


def give_back_merged_contact(session: Session, event: Event) -> None:
    """Handle `ContactMergeUndone`: return the moved orders that still belong to the kept contact."""
    merge = session.get_one(ContactMerge, uuid.UUID(event.payload["merge_id"]))
    for name, column in ROLES.items():
        theirs = sa.and_(Order.id.in_(merge.moved.get(name, [])), column == merge.kept_id)
        _give(session, column, theirs, merge.merged_id)


def _give(session: Session, column: Any, which: sa.ColumnElement[bool], contact_id: uuid.UUID) -> list[str]:
    statement = sa.update(Order).where(which).values({column: contact_id, Order.version: Order.version + 1}).returning(Order.id)
    return [str(row_id) for row_id in session.execute(statement.execution_options(synchronize_session=False)).scalars()]

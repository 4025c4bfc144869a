"""React to events for routing (see app/wiring.py)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.domain.events.models import Event
from app.domain.routing.actions import refuse_thread, share_refusals
from app.domain.routing.assign_waiting import give_away
from app.domain.routing.queries import is_routing_on
from app.domain.threads.row_moves import parse_move


def note_refusal(session: Session, event: Event) -> None:
    """Handle `ThreadAssigned`: if users remove themselves as assignee, store this as a refusal."""
    former = event.payload.get("from")
    if event.thread_id and event.payload.get("to") is None and former is not None and former == str(event.actor_user_id):
        refuse_thread(session, thread_id=event.thread_id, user_id=uuid.UUID(former), now=event.occurred_at)


def follow_merged_thread(session: Session, event: Event) -> None:
    """Handle `ThreadsMerged` and `SplitUndone`: copy the refusals of the removed thread to the kept thread."""
    move = parse_move(event)
    if move.gone is not None:
        share_refusals(session, origin=move.gone, target=move.thread_id)


def follow_split(session: Session, event: Event) -> None:
    """Handle `ThreadSplit`: copy refusals to the new thread."""
    move = parse_move(event)
    share_refusals(session, origin=move.thread_id, target=move.other)


def go_back(session: Session, event: Event) -> None:
    """Handle `MergeUndone`: copy refusals to the restored thread."""
    move = parse_move(event)
    share_refusals(session, origin=move.origin, target=move.target)


def wanted_among(session: Session, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events after which routing may have work. Events that routing itself caused are left out.

    Return no events if no rule is active.
    """
    found = [event for event in events if event.payload.get("by", {}).get("kind") != "routing"]
    return found if found and is_routing_on(session) else []


def route_after(event: Event) -> None:
    """After-commit handler: assign waiting threads, because the event may have brought a new one or made somebody free."""
    give_away(caused_by_id=event.id)

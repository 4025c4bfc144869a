"""Queue the Teams card for which a rule or macro asks.

The card is routed, delayed and folded like all other cards. In three cases nothing is sent and the request stays noted: the
team has no address, nobody in the team may see the brand, or the team does not want cards of such a low priority.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import known
from app.core.text import mark as N_
from app.domain.accounts.models import TeamMember, User
from app.domain.automation.actions import settle_intent
from app.domain.events.models import Event
from app.domain.notifications.actions import News, tell
from app.domain.notifications.models import NotificationDispatch, NotificationKind, Way
from app.domain.notifications.teams.hooks import find_hook_named
from app.domain.orders.models import Order
from app.domain.threads.models import Priority

TOLD = known("The rule “%(name)s” sent this to the team.")
TOLD_BY_SOMEBODY = N_("A colleague sent this to the team.")


def tell_asked_team(session: Session, event: Event) -> None:
    """Handle `OutsideCallAsked`: if the call is for a team with a Teams channel, queue the card. If a card was queued, mark the
    event as told, and its row of `OutsideIntent` as done."""
    call = event.payload["call"]
    hook = find_hook_named(session, call["target"]) if call["kind"] == "teams" and event.brand_id else None
    if hook is None:
        return
    place, priority = ("", "") if event.thread_id else _about(session, event)
    news = News(
        NotificationKind.RULE,
        event.brand_id,
        event.thread_id,
        None,
        None,  # who asked is in the team as much as the others
        event.occurred_at,
        text=_text(event),
        place=place,
        priority=priority,
        team_id=hook.team_id,
    )
    member = sa.select(TeamMember.user_id).where(TeamMember.team_id == hook.team_id)
    tell(session, news, to=User.id.in_(member), caused_by=event, through=frozenset({Way.TEAMS}))
    if session.execute(sa.select(sa.exists().where(NotificationDispatch.event_id == event.id))).scalar_one():
        settle_intent(session, event, state="done", said={"is_told": True})


def _text(event: Event) -> str:
    """Return the text that the step gives. If it gives none, return a sentence with the name of the rule, or one about a
    colleague if there is no rule."""
    name = (event.payload.get("by") or {}).get("name")
    return event.payload["call"].get("words") or (TOLD % {"name": name} if name else TOLD_BY_SOMEBODY)


def _about(session: Session, event: Event) -> tuple[str, str]:
    """Return (path, priority) for an event without a thread. They are those of the order that caused it; without an order, they
    are the inbox and normal priority."""
    cause = session.get(Event, event.caused_by_id) if event.caused_by_id else None
    order_id = cause.payload.get("order_id") if cause else None
    order = session.get(Order, order_id) if order_id else None
    return (f"/orders/{order.id}", order.priority.value) if order else ("/inbox", Priority.NORMAL.value)

"""Notify users of urgent orders, absent technicians, system troubles, bad survey answers, failing webhooks and partner
commitments.

The handlers run in the event's transaction; see app/wiring.py.
"""

from __future__ import annotations

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import known
from app.domain.accounts.models import User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.events.models import Event
from app.domain.notifications.actions import News, tell
from app.domain.notifications.models import NotificationKind
from app.domain.threads.models import Priority, Thread

URGENT = known("Order %(number)s is urgent")
CRITICAL = known("Order %(number)s is critical")
ABSENT = known("%(name)s is absent on %(date)s; appointments that day: %(count)s.")
ENDPOINT_FAILS = known("Our events are not reaching the webhook %(name)s: open it to see why")
ENDPOINT_STOPPED = known("We stopped the webhook %(name)s, because it does not accept our events")
VERDICT = known("A customer is disappointed or says the problem is not solved: score %(score)s out of %(most)s")
ENDPOINT_WORKS = known("The webhook %(name)s accepts our events again")
AT_RISK = {
    "answer": known("%(name)s: API responses take %(value)s ms (agreed: at most %(agreed)s)"),
    "success": known("%(name)s: we answered %(value)s of every 100 API requests (agreed: at least %(agreed)s)"),
    "processing": known("%(name)s: processing an order took %(value)s seconds (agreed: at most %(agreed)s)"),
    "callback": known("%(name)s: API callbacks start after %(value)s seconds (agreed: at most %(agreed)s)"),
}
LEADING = users_with(Permission.ESCALATIONS_RECEIVE)
FROM = Priority.URGENT


def tell_of_urgent_order(session: Session, event: Event) -> None:
    """Handle `OrderCreated` and `OrderPriorityChanged`: when an order becomes urgent, notify the leads and the assignee of the
    order's thread."""
    priority = Priority(event.payload.get("priority", Priority.NORMAL))
    former = Priority(event.payload.get("former_priority", Priority.LOW))
    if priority.rank < FROM.rank or former.rank >= priority.rank:
        return
    words = CRITICAL if priority == Priority.CRITICAL else URGENT
    news = News(
        NotificationKind.ORDER_URGENT,
        event.brand_id,
        None,
        None,
        event.actor_user_id,
        event.occurred_at,
        text=words % {"number": event.payload["order_number"]},
        place=f"/orders/{event.payload['order_id']}",
        priority=priority.value,
    )
    assignee = sa.select(Thread.assignee_user_id).where(Thread.id == event.thread_id).scalar_subquery()
    tell(session, news, to=sa.or_(LEADING, User.id == assignee), caused_by=event)


def tell_of_absent_technician(session: Session, event: Event) -> None:
    """Handle `TechnicianAbsent`: notify the leads of the brand whose appointments are affected."""
    user_id, day = uuid.UUID(event.payload["user_id"]), date.fromisoformat(event.payload["date"])
    values = {"name": session.get_one(User, user_id).name, "date": day.isoformat(), "count": event.payload["count"]}
    at, place = event.occurred_at, f"/absences#absence-{user_id}-{day}"
    who, kind = event.actor_user_id, NotificationKind.TECHNICIAN_ABSENT
    news = News(kind, event.brand_id, None, None, who, at, text=ABSENT % values, place=place)
    tell(session, news, to=LEADING, caused_by=event)


def tell_of_trouble(session: Session, event: Event) -> None:
    """Handle `SystemTroubleTold`: notify every administrator."""
    text, place = event.payload["text"], event.payload["place"]
    news = News(NotificationKind.SYSTEM_ERROR, None, None, None, None, event.occurred_at, text=text, place=place)
    tell(session, news, to=users_with(Permission.ALERTS_RECEIVE), caused_by=event)


def tell_of_verdict(session: Session, event: Event) -> None:
    """Handle `SurveyAnswered`: if the answer is so bad that somebody should act on it, notify the brand's leads, once for each
    question."""
    if not event.payload["is_alarm"]:
        return
    text = VERDICT % {"score": event.payload["score"], "most": 10 if event.payload["kind"] == "nps" else 5}
    kind, at = NotificationKind.VERDICT, event.occurred_at
    tell(session, News(kind, event.brand_id, event.thread_id, None, None, at, text=text), to=LEADING, caused_by=event)


def tell_of_endpoint(session: Session, event: Event) -> None:
    """Handle `CallbackEndpointFailing` and `CallbackEndpointRecovered`: notify the users who manage integrations.

    Endpoints for Make are left out, because the page of their integration shows the state.
    """
    if event.payload["kind"] == "make":
        return
    words = ENDPOINT_STOPPED if event.payload.get("state") == "disabled" else ENDPOINT_FAILS
    text = (ENDPOINT_WORKS if event.type == "CallbackEndpointRecovered" else words) % {"name": event.payload["name"]}
    place, kind = f"/settings/webhooks/{event.payload['endpoint_id']}/deliveries", NotificationKind.SYSTEM_ERROR
    news = News(kind, event.brand_id, None, None, None, event.occurred_at, text=text, place=place)
    tell(session, news, to=users_with(Permission.INTEGRATIONS_MANAGE), caused_by=event)


def tell_of_commitment(session: Session, event: Event) -> None:
    """Handle `CommitmentAtRisk`: notify the users who manage partners, and the other leads of the brand.

    The notification leads users who manage partners to the partner's page, and other leads to the partner's orders.
    """
    told, manages = event.payload, users_with(Permission.PARTNERS_MANAGE)
    text, kind = (
        AT_RISK[told["commitment"]] % {name: told[name] for name in ("name", "value", "agreed")},
        NotificationKind.COMMITMENT,
    )
    places = {f"/settings/partners/{told['partner_id']}": manages, f"/orders?partner={told['contact_id']}": LEADING & ~manages}
    for place, to in places.items():
        news = News(kind, event.brand_id, None, None, None, event.occurred_at, text=text, place=place)
        tell(session, news, to=to, caused_by=event)

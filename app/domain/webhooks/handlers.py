"""Queue outgoing webhooks for an event, in its transaction."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT
from app.domain.accounts.models import Brand
from app.domain.automation.actions import settle_intent
from app.domain.events.models import Event
from app.domain.webhooks.actions import queue_message, serialize, timestamp
from app.domain.webhooks.models import ANY_EVENT, RULE_CALLED, EndpointKind, WebhookEndpoint
from app.domain.webhooks.platform_events import brands_of, names_of, tell
from app.domain.webhooks.queries import find_called

_LISTENING = (
    sa.select(WebhookEndpoint.id)
    .where(
        WebhookEndpoint.kind == EndpointKind.WEBHOOK,
        WebhookEndpoint.deleted_at.is_(None),
        WebhookEndpoint.event_types.overlap(sa.bindparam("names", type_=sa.ARRAY(sa.Text))),
    )
    .execution_options(**KEPT)
)


def tell_webhooks(session: Session, events: Sequence[Event]) -> None:
    """Queue a message for each name of each event to which an outgoing webhook of the event's brand subscribes.

    If no webhook subscribes, this runs one query only.
    """
    named = [(event, names) for event in events if (names := names_of(event))]
    listening = _listening(session, {name for _event, names in named for name in names}) if named else []
    if not listening:
        return
    for event, names in named:
        for brand_id in brands_of(session, event):
            for name in names:
                theirs = [one for one in listening if one.brand_id == brand_id and one.hears(name)]
                if theirs:
                    _tell(session, event, name, theirs)


def tell_called_webhook(session: Session, event: Event) -> None:
    """Handle `OutsideCallAsked`: if the call names a webhook of the event's brand that subscribes to RULE_CALLED, queue it. Then
    mark the event as told, and its row of `OutsideIntent` as done.

    Without such a webhook nothing is sent, later neither, because it would then come too late.
    """
    call = event.payload["call"]
    if call["kind"] != "webhook" or event.brand_id is None:
        return
    named = find_called(session, call["target"], brand_ids=(event.brand_id,))
    if named is not None:
        _tell(session, event, RULE_CALLED, [named])
        settle_intent(session, event, state="done", said={"is_told": True})


def _listening(session: Session, names: set[str]) -> list[WebhookEndpoint]:
    ids = session.execute(_LISTENING, {"names": [*sorted(names), ANY_EVENT]}).scalars().all()
    query = sa.select(WebhookEndpoint).where(WebhookEndpoint.id.in_(ids)).order_by(WebhookEndpoint.id)
    return list(session.execute(query).scalars()) if ids else []


def _tell(session: Session, event: Event, name: str, endpoints: list[WebhookEndpoint]) -> None:
    brand = session.get_one(Brand, endpoints[0].brand_id)
    told = tell(session, event, name, brand)
    if told is None:
        return
    once = f"{brand.id}:{told.about['contact_id']}:{name}" if name == "customer.created" else None
    whole = _body(event, name, brand, {**told.data, **told.private})
    queue_message(
        session,
        event_type=name,
        payload=_body(event, name, brand, told.data),
        brand_id=brand.id,
        now=event.occurred_at,
        ordering_key=told.key,
        event_id=event.id,
        dedupe_key=once or f"{event.id}:{brand.id}:{name}",
        about=told.about,
        endpoints=endpoints,
        render=lambda endpoint: whole if endpoint.includes_customer_data and told.private else None,
    )


def _body(event: Event, name: str, brand: Brand, data: dict[str, object]) -> bytes:
    head = {"type": name, "id": str(event.id), "timestamp": timestamp(event.occurred_at), "brand": brand.key}
    return serialize({**head, "data": data})

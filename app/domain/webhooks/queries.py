"""Read webhook endpoints, deliveries and attempts."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.keyset import Place, Sort, cut, paged
from app.core.paging import Page
from app.core.work import DONE, FAILED, READY, RUNNING
from app.domain.webhooks.models import (
    RULE_CALLED,
    SKIPPED,
    EndpointKind,
    EndpointState,
    Trigger,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
)
from app.domain.webhooks.outcomes import OK

NEWEST = Sort("created_at", descending=True)
STATES: Mapping[str, tuple[str, ...]] = {
    "waiting": (READY, RUNNING),
    "failed": (FAILED,),
    "skipped": (SKIPPED,),
    "delivered": (DONE,),
}
COUNTED_UP_TO = 10_000


class EndpointMissing(LookupError):
    """Raised when an endpoint does not exist, or does not belong to the given brands, kinds or owner."""


class DeliveryMissing(LookupError):
    """The endpoint has no such delivery."""


@dataclass(frozen=True)
class DeliveryRow:
    """A row of the delivery log. `is_behind`: an earlier message with the same ordering key is not delivered yet."""

    delivery: WebhookDelivery
    message: WebhookMessage
    is_behind: bool = False

    @property
    def id(self) -> uuid.UUID:
        return self.delivery.id


@dataclass(frozen=True)
class DeliveryFilter:
    """Filters for the delivery log; None or "" does not limit. `text` is a message id, or part of what the message is about."""

    state: str | None = None
    event_type: str | None = None
    since: datetime | None = None
    text: str = ""


@dataclass(frozen=True)
class Rates:
    """How many deliveries of a period ended and how many of them succeeded.

    `share` is the part that succeeded (0 to 1), or None if no delivery ended.
    """

    ended: int
    delivered: int

    @property
    def share(self) -> float | None:
        return self.delivered / self.ended if self.ended else None


def get_endpoint(
    session: Session,
    endpoint_id: uuid.UUID,
    *,
    brand_ids: Collection[uuid.UUID] | None = None,
    kinds: Collection[EndpointKind] | None = None,
    owner_id: uuid.UUID | None = None,
) -> WebhookEndpoint:
    """Return the endpoint, if it is of these brands, kinds and owner (None does not limit). Raises EndpointMissing."""
    found = session.get(WebhookEndpoint, endpoint_id, populate_existing=True)
    is_theirs = (
        found is not None
        and found.deleted_at is None
        and (brand_ids is None or found.brand_id in brand_ids)
        and (kinds is None or found.kind in kinds)
        and (owner_id is None or found.owner_id == owner_id)
    )
    if found is None or not is_theirs:
        raise EndpointMissing(str(endpoint_id))
    return found


def list_endpoints(
    session: Session,
    *,
    brand_ids: Collection[uuid.UUID],
    kinds: Collection[EndpointKind] = (EndpointKind.WEBHOOK,),
    owner_id: uuid.UUID | None = None,
) -> list[WebhookEndpoint]:
    """List the endpoints of these brands and kinds (and of the owner, if given) that are not deleted, by name."""
    query = sa.select(WebhookEndpoint).where(
        WebhookEndpoint.brand_id.in_(brand_ids), WebhookEndpoint.kind.in_(kinds), WebhookEndpoint.deleted_at.is_(None)
    )
    if owner_id is not None:
        query = query.where(WebhookEndpoint.owner_id == owner_id)
    return list(session.execute(query.order_by(WebhookEndpoint.name, WebhookEndpoint.id)).scalars())


def list_called(session: Session, *, brand_ids: Collection[uuid.UUID]) -> list[WebhookEndpoint]:
    """List, by name, the webhooks of these brands that a step of a rule or macro can call: those that subscribe to
    RULE_CALLED."""
    return [one for one in list_endpoints(session, brand_ids=brand_ids) if one.hears(RULE_CALLED) and not one.is_test]


def find_called(session: Session, name: str, *, brand_ids: Collection[uuid.UUID]) -> WebhookEndpoint | None:
    """Return the first webhook of `list_called` with this name, ignoring case. Return None if there is none."""
    wanted = name.strip().casefold()
    return next((one for one in list_called(session, brand_ids=brand_ids) if one.name.casefold() == wanted), None)


def page_endpoints(
    session: Session, *, brand_ids: Collection[uuid.UUID], sort: Sort, limit: int, cursor: str | None
) -> Page[WebhookEndpoint]:
    """List a page of webhooks of these brands. Raises BadCursor."""
    query = sa.select(WebhookEndpoint).where(
        WebhookEndpoint.brand_id.in_(brand_ids),
        WebhookEndpoint.kind == EndpointKind.WEBHOOK,
        WebhookEndpoint.deleted_at.is_(None),
    )
    column = {"created_at": WebhookEndpoint.created_at}[sort.field]
    rows = session.execute(paged(query, sort, column, WebhookEndpoint.id, cursor=cursor, limit=limit)).scalars().all()
    return cut(rows, limit, sort, lambda one: Place(one.created_at, one.id))


def list_listening(
    session: Session,
    event_type: str,
    *,
    brand_id: uuid.UUID,
    kinds: Collection[EndpointKind],
    owner_id: uuid.UUID | None,
    is_test: bool,
) -> list[WebhookEndpoint]:
    """List all endpoints of the brand (and of the owner, if given) that are not deleted.

    Paused endpoints and those that do not subscribe to `event_type` are included.
    """
    query = sa.select(WebhookEndpoint).where(
        WebhookEndpoint.brand_id == brand_id,
        WebhookEndpoint.kind.in_(kinds),
        WebhookEndpoint.deleted_at.is_(None),
        WebhookEndpoint.is_test == is_test,
    )
    if owner_id is not None:
        query = query.where(WebhookEndpoint.owner_id == owner_id)
    return list(session.execute(query.order_by(WebhookEndpoint.id)).scalars())


def page_deliveries(
    session: Session,
    *,
    endpoint_id: uuid.UUID,
    wanted: DeliveryFilter = DeliveryFilter(),
    limit: int = 50,
    cursor: str | None = None,
) -> Page[DeliveryRow]:
    """List a page of an endpoint's deliveries, newest first. Raises BadCursor."""
    query = sa.select(WebhookDelivery, WebhookMessage, _is_behind()).join(
        WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id
    )
    query = query.where(*_conditions(endpoint_id, wanted))
    query = paged(query, NEWEST, WebhookDelivery.created_at, WebhookDelivery.id, cursor=cursor, limit=limit)
    rows = [DeliveryRow(*row) for row in session.execute(query)]
    return cut(rows, limit, NEWEST, lambda row: Place(row.delivery.created_at, row.delivery.id))


def get_delivery(session: Session, delivery_id: uuid.UUID, *, endpoint_id: uuid.UUID) -> DeliveryRow:
    """Return a delivery of the endpoint as the log shows it. Raises DeliveryMissing."""
    query = sa.select(WebhookDelivery, WebhookMessage, _is_behind()).join(
        WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id
    )
    query = query.where(WebhookDelivery.id == delivery_id, WebhookDelivery.endpoint_id == endpoint_id)
    row = session.execute(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise DeliveryMissing(str(delivery_id))
    return DeliveryRow(row[0], row[1], row[2])


def list_attempts(session: Session, delivery_ids: Collection[uuid.UUID]) -> list[WebhookAttempt]:
    """List the attempts of these deliveries, sorted by delivery and, for each delivery, in the order they were made."""
    query = sa.select(WebhookAttempt).where(WebhookAttempt.delivery_id.in_(delivery_ids))
    return list(session.execute(query.order_by(WebhookAttempt.delivery_id, WebhookAttempt.attempt_no)).scalars())


def count_waiting_behind(session: Session, delivery: WebhookDelivery) -> int:
    """Count later messages with the same ordering key that wait for this delivery."""
    if not delivery.ordering_key:
        return 0
    query = sa.select(sa.func.count()).where(
        WebhookDelivery.endpoint_id == delivery.endpoint_id,
        WebhookDelivery.ordering_key == delivery.ordering_key,
        WebhookDelivery.number > delivery.number,
        WebhookDelivery.state.in_((READY, RUNNING)),
    )
    return int(session.execute(query).scalar_one())


def count_states(session: Session, *, endpoint_id: uuid.UUID, wanted: DeliveryFilter = DeliveryFilter()) -> dict[str, int]:
    """Count the newest COUNTED_UP_TO deliveries by state. Return a dict from each name of STATES to its count."""
    newest = (
        sa.select(WebhookDelivery.state)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .where(*_conditions(endpoint_id, wanted))
        .order_by(WebhookDelivery.created_at.desc())
        .limit(COUNTED_UP_TO)
        .subquery()
    )
    rows = session.execute(sa.select(newest.c.state, sa.func.count()).group_by(newest.c.state))
    found = {row[0]: int(row[1]) for row in rows}
    return {name: sum(found.get(state, 0) for state in states) for name, states in STATES.items()}


def rates_since(session: Session, endpoint_ids: Collection[uuid.UUID], *, since: datetime) -> dict[uuid.UUID, Rates]:
    """Return a dict from endpoint id to the rates of deliveries that were created since `since` and have ended. Tests do not
    count."""
    is_done = sa.func.count().filter(WebhookDelivery.state == DONE)
    query = sa.select(WebhookDelivery.endpoint_id, sa.func.count(), is_done).where(
        WebhookDelivery.endpoint_id.in_(endpoint_ids),
        WebhookDelivery.created_at >= since,
        WebhookDelivery.state.in_((DONE, FAILED)),
        WebhookDelivery.trigger != Trigger.TEST,
    )
    rows = session.execute(query.group_by(WebhookDelivery.endpoint_id))
    return {row[0]: Rates(int(row[1]), int(row[2])) for row in rows}


def first_try_seconds(
    session: Session, owner_id: uuid.UUID, *, since: datetime, now: datetime, late_seconds: float
) -> float | None:
    """Return how many seconds the owner's callbacks created since `since` waited for their first try, as the 95th percentile.
    Return None if there are no callbacks.

    A callback that still waits counts with its waiting time so far. A waiting time over `late_seconds` is left out if the
    receiver caused it, because its endpoint failed meanwhile or was paused.
    """
    first, other, failed = aliased(WebhookAttempt), aliased(WebhookDelivery), aliased(WebhookAttempt)
    began, tried_at = WebhookDelivery.created_at, sa.func.coalesce(first.started_at, now)
    waited = sa.extract("epoch", tried_at - began)
    meanwhile = sa.select(failed.id).join(other, other.id == failed.delivery_id)
    meanwhile = meanwhile.where(other.endpoint_id == WebhookDelivery.endpoint_id, failed.outcome != OK)
    is_held = sa.or_(WebhookEndpoint.state != EndpointState.ACTIVE, WebhookEndpoint.failures_in_row > 0)
    is_theirs = sa.or_(
        sa.and_(first.id.is_(None), is_held),
        sa.func.coalesce(WebhookEndpoint.state_changed_at.between(began, tried_at), sa.false()),
        sa.exists(meanwhile.where(failed.ended_at.between(began, tried_at)).correlate(WebhookDelivery, first)),
    )
    counted = sa.case((waited > late_seconds, sa.not_(is_theirs)), else_=first.id.is_not(None))
    query = sa.select(sa.func.percentile_cont(0.95).within_group(waited)).select_from(WebhookDelivery)
    query = query.join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    query = query.outerjoin(first, sa.and_(first.delivery_id == WebhookDelivery.id, first.attempt_no == 1))
    is_partner = sa.and_(WebhookEndpoint.owner_id == owner_id, WebhookEndpoint.kind == EndpointKind.PARTNER)
    ours = (is_partner, began >= since, WebhookDelivery.trigger != Trigger.TEST)
    with_a_try = sa.or_(first.id.is_not(None), WebhookDelivery.state.in_((READY, RUNNING)))
    found: float | None = session.execute(query.where(*ours, with_a_try, counted)).scalar_one()
    return found


def oldest_waiting(session: Session, endpoint_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """Return a dict from endpoint id to the creation time of its oldest unfinished delivery.

    Endpoints without an unfinished delivery are left out.
    """
    query = sa.select(WebhookDelivery.endpoint_id, sa.func.min(WebhookDelivery.created_at)).where(
        WebhookDelivery.endpoint_id.in_(endpoint_ids), WebhookDelivery.state.in_((READY, RUNNING))
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(WebhookDelivery.endpoint_id))}


def count_tests_since(session: Session, endpoint_id: uuid.UUID, *, now: datetime, within: timedelta) -> int:
    """Count the test events that were sent to the endpoint within the time `within` before `now`."""
    query = sa.select(sa.func.count()).where(
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.created_at > now - within,
        WebhookDelivery.trigger == Trigger.TEST,
    )
    return int(session.execute(query).scalar_one())


def count_replayable(session: Session, *, endpoint_id: uuid.UUID, since: datetime, states: Sequence[str]) -> int:
    """Count the deliveries that `redeliver_since` would send."""
    query = sa.select(sa.func.count()).select_from(WebhookDelivery).where(*replayable(endpoint_id, since, states))
    return int(session.execute(query).scalar_one())


def replayable(endpoint_id: uuid.UUID, since: datetime, states: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the SQL conditions for deliveries created since `since` that ended in one of these states (`done`, `failed`).
    Tests are left out."""
    return (
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.created_at >= since,
        WebhookDelivery.state.in_([state for state in states if state in (DONE, FAILED)]),
        WebhookDelivery.trigger != Trigger.TEST,
    )


def _is_behind() -> sa.ColumnElement[bool]:
    earlier = aliased(WebhookDelivery)
    return sa.exists(
        sa.select(earlier.id)
        .where(
            earlier.endpoint_id == WebhookDelivery.endpoint_id,
            earlier.ordering_key == WebhookDelivery.ordering_key,
            earlier.ordering_key != "",
            earlier.number < WebhookDelivery.number,
            earlier.state.in_((READY, RUNNING)),
            WebhookDelivery.state.in_((READY, RUNNING)),
        )
        .correlate(WebhookDelivery)
    )


def _conditions(endpoint_id: uuid.UUID, wanted: DeliveryFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [WebhookDelivery.endpoint_id == endpoint_id]
    if wanted.state is not None:
        found.append(WebhookDelivery.state.in_(STATES[wanted.state]))
    if wanted.event_type is not None:
        found.append(WebhookMessage.event_type == wanted.event_type)
    if wanted.since is not None:
        found.append(WebhookDelivery.created_at >= wanted.since)
    if wanted.text:
        found.append(_matches(wanted.text))
    return found


def _matches(text: str) -> sa.ColumnElement[bool]:
    try:
        message_id = uuid.UUID(text.removeprefix("msg_"))
    except ValueError:
        label: sa.ColumnElement[str] = WebhookMessage.about["label"].astext
        return label.icontains(text, autoescape=True)
    return sa.or_(WebhookMessage.id == message_id, WebhookMessage.event_id == message_id, WebhookDelivery.id == message_id)


def is_held(endpoint: WebhookEndpoint) -> bool:
    """Return whether the endpoint's deliveries wait for a person to resume it."""
    return endpoint.state != EndpointState.ACTIVE

"""Find and set a partner's callback endpoint, one for live orders and one for the sandbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.domain.events.actions import Actor
from app.domain.partners.callbacks import UPDATE
from app.domain.partners.models import Environment, Partner
from app.domain.partners.queries import list_endpoints_of_partner
from app.domain.webhooks.actions import EndpointContent, change_endpoint, create_endpoint, partner_content
from app.domain.webhooks.models import ANY_EVENT, EndpointKind, WebhookEndpoint
from app.domain.webhooks.rules import checked_url


@dataclass(frozen=True)
class Kept:
    """A saved endpoint. `secret` is its signing secret if the endpoint is new, and "" if it existed before."""

    endpoint: WebhookEndpoint
    secret: str = ""


def find_endpoint(session: Session, partner: Partner, environment: Environment) -> WebhookEndpoint | None:
    """Return the partner's endpoint for an environment (live or sandbox). Return None if there is none."""
    found = list_endpoints_of_partner(session, partner.id, is_test=environment == Environment.SANDBOX)
    return found[0] if found else None


def keep_endpoint(
    session: Session,
    partner: Partner,
    environment: Environment,
    *,
    url: str,
    events: Sequence[str],
    payload_version: str,
    allows_http: bool,
    ports: Collection[int],
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    includes_customer_data: bool | None = None,
    secret: str | None = None,
) -> Kept:
    """Add or change the partner's endpoint for an environment. Raises `BadEndpoint`.

    Empty `events` means all events. `secret` is used for a new endpoint only. If `includes_customer_data` is None, the
    setting of the endpoint stays; a new endpoint gets False. The partner itself cannot switch customer data on.
    """
    known = find_endpoint(session, partner, environment)
    content = partner_content(
        f"{partner.name} ({environment.value})",
        checked_url(url, allows_http=allows_http, ports=ports),
        event_types=tuple(events) or (ANY_EVENT,),
        payload_version=payload_version or UPDATE,
        email_fallback=True,
        includes_customer_data=_wanted(known, includes_customer_data),
    )
    if known is not None:
        change_endpoint(session, known, content, keyring=keyring, now=now, actor=actor)
        return Kept(known)
    return Kept(*_create(session, partner, environment, content, secret=secret, keyring=keyring, now=now, actor=actor))


def _create(
    session: Session,
    partner: Partner,
    environment: Environment,
    content: EndpointContent,
    *,
    secret: str | None,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
) -> tuple[WebhookEndpoint, str]:
    return create_endpoint(
        session,
        content,
        kind=EndpointKind.PARTNER,
        brand_id=partner.brand_id,
        owner_id=partner.id,
        is_test=environment == Environment.SANDBOX,
        secret=secret,
        keyring=keyring,
        now=now,
        actor=actor,
    )


def _wanted(known: WebhookEndpoint | None, includes_customer_data: bool | None) -> bool:
    if includes_customer_data is not None:
        return includes_customer_data
    return known.includes_customer_data if known else False

"""Serve `integration-config`: a partner sets its own API address, its callbacks and its words for order states."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from flask import Response
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from app.api.partners.door import current_caller, json_answer, operation, read_json
from app.api.partners.shapes import Sent, Text, read, unknown_fields
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.problems import invalid
from app.core.runtime import runtime
from app.domain.partners.actions import WrongPartner, change_partner, content_of, set_credentials
from app.domain.partners.callbacks import EVENTS, UPDATE, VERSIONS
from app.domain.partners.endpoints import Kept, keep_endpoint
from app.domain.partners.models import Authentication, Partner, Scope, SyncFrequency
from app.domain.partners.move_order import actor_of
from app.domain.partners.queries import get_partner
from app.domain.webhooks.rules import BadEndpoint

PATHS = ("/api/v1/partners/<partner>/integration-config", "/partners/<partner>/integration-config")
Url = Annotated[str, StringConstraints(max_length=2048)]
OURS = (
    "integration_name",
    "api_base_url",
    "api_version",
    "authentication_type",
    "sync_enabled",
    "push_enabled",
    "sync_frequency",
    "status_mapping",
)


class ConfigSent(Sent):
    """A change of a partner's configuration. A field that is left out does not change."""

    integration_name: Text = ""
    api_base_url: Url = ""
    api_version: Text = ""
    authentication_type: Authentication | None = None
    api_credentials: Annotated[dict[str, Annotated[str, StringConstraints(max_length=4000)]], Field(max_length=20)] | None = None
    webhook_url: Url = ""
    webhook_events: Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=40)] = Field(
        default_factory=list
    )
    payload_version: Annotated[str, StringConstraints(max_length=40)] = UPDATE
    status_mapping: dict[str, Any] | None = None
    sync_enabled: bool = False
    push_enabled: bool = False
    sync_frequency: SyncFrequency = SyncFrequency.REAL_TIME


@operation("POST", *PATHS, scope=Scope.CONFIG_WRITE)
def configure(partner: str) -> Response:
    """Change the configuration of the calling partner.

    A new secret for callbacks is shown only in the answer to the request that created it.
    """
    body = read_json()
    sent, now = read(ConfigSent, body), utc_now()
    if sent.payload_version not in VERSIONS:
        raise invalid("payload_version", f"must be one of {', '.join(VERSIONS)}")
    with transaction() as session:
        row = _locked(session)
        _change(session, row, sent, now)
        kept = _callbacks(session, row, sent, now) if sent.webhook_url else None
        answer = {"success": True, "data": _told(row, kept)}
    warnings = list(unknown_fields(sent))
    return json_answer({**answer, "warnings": warnings} if warnings else answer)


def _locked(session: Session) -> Partner:
    caller = current_caller()
    brand_id = session.get_one(Partner, caller.partner_id).brand_id
    return get_partner(session, caller.partner_id, brand_ids=[brand_id], lock=True)


def _change(session: Session, row: Partner, sent: ConfigSent, now: datetime) -> None:
    wanted: dict[str, Any] = {name: getattr(sent, name) for name in OURS if name in sent.model_fields_set}
    if wanted.get("status_mapping", {}) is None:
        del wanted["status_mapping"]
    try:
        change_partner(session, row, replace(content_of(row), **wanted), now=now, actor=actor_of(row))
    except WrongPartner as error:
        raise invalid(error.field, str(error)) from error
    if "api_credentials" in sent.model_fields_set:
        set_credentials(session, row, sent.api_credentials, keyring=runtime().keyring, now=now, actor=actor_of(row))


def _callbacks(session: Session, row: Partner, sent: ConfigSent, now: datetime) -> Kept:
    unknown = [name for name in sent.webhook_events if name not in EVENTS]
    if unknown:
        raise invalid("webhook_events", f"there is no event {unknown[0]}; there are {', '.join(EVENTS)}")
    try:
        return keep_endpoint(
            session,
            row,
            current_caller().environment,
            url=sent.webhook_url,
            events=sent.webhook_events,
            payload_version=sent.payload_version,
            allows_http=bool(runtime().settings.outbound_allow),
            ports=runtime().settings.outbound_ports,
            keyring=runtime().keyring,
            now=now,
            actor=actor_of(row),
        )
    except BadEndpoint as error:
        raise invalid("webhook_url" if error.field == "url" else error.field, str(error)) from error


def _told(row: Partner, kept: Kept | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "partner_id": row.slug,
        "integration_name": row.integration_name,
        "api_base_url": row.api_base_url,
        "api_version": row.api_version,
        "authentication_type": row.authentication_type,
        "sync_enabled": row.sync_enabled,
        "push_enabled": row.push_enabled,
        "sync_frequency": row.sync_frequency,
        "status_mapping": row.status_mapping,
    }
    if kept is not None:
        told |= {"webhook_url": kept.endpoint.url, "webhook_events": kept.endpoint.event_types}
        told |= {"webhook_secret": kept.secret} if kept.secret else {}
    return told

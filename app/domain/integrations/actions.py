"""Create and change integrations, switch them on and off, and encrypt their secrets. The caller owns the transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.domain.events.actions import Actor, audit
from app.domain.integrations.models import Integration, Provider
from app.domain.integrations.queries import TABLE


@dataclass(frozen=True)
class IntegrationContent:
    """The settings of an integration as an administrator enters them, already checked."""

    name: str
    brand_id: uuid.UUID
    channel_id: uuid.UUID | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def create_integration(
    session: Session,
    provider: Provider,
    content: IntegrationContent,
    *,
    secrets: Mapping[str, str],
    keyring: Keyring,
    now: datetime,
    actor: Actor,
) -> Integration:
    """Create an integration. Its secrets are encrypted in such a way that they can be decrypted only for this row."""
    integration = Integration(id=new_id(), provider=provider, is_active=True, poll_state={}, problem="", created_at=now)
    _fill(integration, content)
    seal_secrets(integration, secrets, keyring=keyring)
    session.add(integration)
    session.flush()
    _audit(session, "IntegrationCreated", integration, now=now, actor=actor)
    return integration


def change_integration(
    session: Session,
    integration: Integration,
    content: IntegrationContent,
    *,
    secrets: Mapping[str, str],
    keyring: Keyring,
    now: datetime,
    actor: Actor,
) -> None:
    """Change an integration and clear its problem. `secrets` replaces all its secrets."""
    _fill(integration, content)
    seal_secrets(integration, secrets, keyring=keyring)
    integration.problem, integration.problem_at = "", None
    session.flush()
    _audit(session, "IntegrationChanged", integration, now=now, actor=actor)


def switch_integration(session: Session, integration: Integration, *, active: bool, now: datetime, actor: Actor) -> None:
    """Switch an integration on or off. An integration that is off receives no posts, is not polled and is not called."""
    if integration.is_active != active:
        integration.is_active = active
        session.flush()
        _audit(session, "IntegrationSwitchedOn" if active else "IntegrationSwitchedOff", integration, now=now, actor=actor)


def note_problem(integration: Integration, problem: str, *, now: datetime) -> None:
    """Store the problem of an integration, in English. `problem` is "" if the integration works."""
    if integration.problem != problem:
        integration.problem, integration.problem_at = problem[:500], now if problem else None


def seal_secrets(integration: Integration, secrets: Mapping[str, str], *, keyring: Keyring) -> None:
    """Encrypt these secrets and replace all secrets of the integration with them."""
    plain = json.dumps(dict(secrets)).encode()
    integration.sealed_secrets = keyring.encrypt(plain, table=TABLE, column="sealed_secrets", row_id=integration.id)


def _fill(integration: Integration, content: IntegrationContent) -> None:
    integration.name, integration.brand_id = content.name, content.brand_id
    integration.channel_id, integration.settings = content.channel_id, content.settings


def _audit(session: Session, action: str, integration: Integration, *, now: datetime, actor: Actor) -> None:
    audit(session, action=action, object_type="integration", object_id=str(integration.id), now=now, actor=actor)

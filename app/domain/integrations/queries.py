"""Read integrations, and decrypt their secrets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import table_of
from app.domain.connections.models import Channel
from app.domain.integrations.models import Integration, Provider

TABLE = table_of(Integration).name


class IntegrationMissing(Exception):
    """Raised when there is no such integration, or when it belongs to a brand that is not allowed here."""


@dataclass(frozen=True)
class Opened:
    """An integration with its decrypted secrets, for authenticating posts."""

    id: uuid.UUID
    secrets: dict[str, str] = field(repr=False)


def get_integration(session: Session, integration_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID] | None = None) -> Integration:
    """Return the integration with this id. If `brand_ids` is given, it must belong to one of these brands.

    Raises `IntegrationMissing` if there is no such integration.
    """
    found = session.get(Integration, integration_id, populate_existing=True)
    if found is None or (brand_ids is not None and found.brand_id not in brand_ids):
        raise IntegrationMissing(str(integration_id))
    return found


def list_integrations(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> list[Integration]:
    """List the integrations of these brands, by name."""
    query = sa.select(Integration).where(Integration.brand_id.in_(brand_ids)).order_by(Integration.name)
    return list(session.execute(query).scalars())


def list_account_names(session: Session, brand_ids: Sequence[uuid.UUID]) -> dict[str, str]:
    """Return {id as text: name} of the channels and integrations of these brands. The key "" has the name "", for calls that
    belong to none of them."""
    found = {"": ""}
    for model in (Channel, Integration):
        rows = session.execute(sa.select(model.id, model.name).where(model.brand_id.in_(brand_ids)))
        found |= {str(row.id): row.name for row in rows}
    return found


def list_scenarios(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> list[str]:
    """List the names of the scenarios that active integrations of these brands can call, sorted."""
    query = sa.select(Integration.settings["hooks"]).where(Integration.provider == Provider.MAKE, Integration.is_active)
    rows = session.execute(query.where(Integration.brand_id.in_(brand_ids))).scalars()
    return sorted({name for hooks in rows for name in hooks or {}})


def list_opened(session: Session, provider: Provider, keyring: Keyring) -> list[Opened]:
    """List the active integrations of a provider with their decrypted secrets. Raises UnableToDecrypt."""
    query = sa.select(Integration).where(Integration.provider == provider, Integration.is_active).order_by(Integration.id)
    return [Opened(one.id, open_secrets(one, keyring)) for one in session.execute(query).scalars()]


def open_secrets(integration: Integration, keyring: Keyring) -> dict[str, str]:
    """Return the integration's decrypted secrets, {name: secret}. Raises `UnableToDecrypt`."""
    opened = keyring.decrypt(integration.sealed_secrets, table=TABLE, column="sealed_secrets", row_id=integration.id)
    secrets: dict[str, str] = json.loads(opened)
    return secrets

"""Seal, open and rotate the secrets of an endpoint, sealed as one JSON object bound to its row."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.crypto import Keyring
from app.core.db import table_of
from app.core.standard_webhooks import new_signing_secret
from app.domain.webhooks.models import WebhookEndpoint

OVERLAP = timedelta(hours=24)
MOST_FORMER = 2
_TABLE = table_of(WebhookEndpoint).name


@dataclass(frozen=True)
class Former:
    """A replaced secret, with which messages are also signed until `until`."""

    value: str = field(repr=False)
    until: datetime


@dataclass(frozen=True)
class EndpointSecrets:
    """The secrets of an endpoint. `headers`: names and values the receiver wants beside our own headers."""

    signing: str = field(repr=False)
    former: tuple[Former, ...] = ()
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def valid(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets a message is signed with, newest first."""
        return (self.signing, *(one.value for one in self.former if one.until > now))

    def rotated(self, *, now: datetime, overlap: timedelta) -> EndpointSecrets:
        """Return the secrets with a new signing secret. `overlap` zero ends the old ones now, as after a leak."""
        old = [Former(self.signing, now + overlap), *(one for one in self.former if one.until > now)][:MOST_FORMER]
        return EndpointSecrets(new_signing_secret(), tuple(old) if overlap else (), self.headers)


def seal(endpoint: WebhookEndpoint, secrets: EndpointSecrets, *, keyring: Keyring) -> None:
    """Seal the endpoint's secrets, replacing the stored ones."""
    former = [{"value": one.value, "until": one.until.isoformat()} for one in secrets.former]
    plain = json.dumps({"signing": secrets.signing, "former": former, "headers": secrets.headers}).encode()
    endpoint.sealed_secrets = keyring.encrypt(plain, table=_TABLE, column="sealed_secrets", row_id=endpoint.id)


def open_sealed(endpoint: WebhookEndpoint, *, keyring: Keyring) -> EndpointSecrets:
    """Decrypt an endpoint's secrets. Raises UnableToDecrypt."""
    sealed = endpoint.sealed_secrets or b""
    found = json.loads(keyring.decrypt(sealed, table=_TABLE, column="sealed_secrets", row_id=endpoint.id))
    former = tuple(Former(one["value"], datetime.fromisoformat(one["until"])) for one in found["former"])
    return EndpointSecrets(found["signing"], former, found["headers"])

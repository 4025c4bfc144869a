"""Encrypt, decrypt and rotate the secrets of an endpoint. They are encrypted as one JSON object that is bound to its row."""

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
    """A signing secret that was replaced. Until `until`, messages are signed with it as well."""

    value: str = field(repr=False)
    until: datetime


@dataclass(frozen=True)
class EndpointSecrets:
    """The secrets of an endpoint. `headers` are names and values that the receiver wants in addition to our own headers."""

    signing: str = field(repr=False)
    former: tuple[Former, ...] = ()
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def valid(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets with which a message is signed at `now`, newest first."""
        return (self.signing, *(one.value for one in self.former if one.until > now))

    def rotated(self, *, now: datetime, overlap: timedelta) -> EndpointSecrets:
        """Return the secrets with a new signing secret. The old one stays valid for the time `overlap`. Zero ends all old ones
        now, for example after a leak."""
        old = [Former(self.signing, now + overlap), *(one for one in self.former if one.until > now)][:MOST_FORMER]
        return EndpointSecrets(new_signing_secret(), tuple(old) if overlap else (), self.headers)


def seal(endpoint: WebhookEndpoint, secrets: EndpointSecrets, *, keyring: Keyring) -> None:
    """Encrypt the secrets and store them in the endpoint, in place of those it has."""
    former = [{"value": one.value, "until": one.until.isoformat()} for one in secrets.former]
    plain = json.dumps({"signing": secrets.signing, "former": former, "headers": secrets.headers}).encode()
    endpoint.sealed_secrets = keyring.encrypt(plain, table=_TABLE, column="sealed_secrets", row_id=endpoint.id)


def open_sealed(endpoint: WebhookEndpoint, *, keyring: Keyring) -> EndpointSecrets:
    """Decrypt an endpoint's secrets. Raises UnableToDecrypt."""
    sealed = endpoint.sealed_secrets or b""
    found = json.loads(keyring.decrypt(sealed, table=_TABLE, column="sealed_secrets", row_id=endpoint.id))
    former = tuple(Former(one["value"], datetime.fromisoformat(one["until"])) for one in found["former"])
    return EndpointSecrets(found["signing"], former, found["headers"])

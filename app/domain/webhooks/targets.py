"""Resolve how an endpoint is called: URL, signatures, headers.

If the URL and secrets of a kind are stored elsewhere, the kind has a function in `app/wiring.py` (`TARGETS`) that reads
them. Other endpoints are called as their row says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.core.crypto import Keyring, UnableToDecrypt
from app.core.metering import Endpoint
from app.core.redact import redact_headers, redact_url
from app.core.standard_webhooks import plain_signature, signed_headers
from app.domain.webhooks.models import EndpointKind, WebhookEndpoint
from app.domain.webhooks.rules import BadEndpoint, checked_headers
from app.domain.webhooks.secrets import open_sealed

USER_AGENT = "Switchyard-Webhooks/1"
Sign = Callable[[bytes, int], Mapping[str, str]]
Noted = Callable[[Session, str, int | None, datetime], None]


class NoTarget(Exception):
    """Raised when an endpoint cannot be called. `outcome` gives the reason as a name from `outcomes.py`."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True)
class Target:
    """How an endpoint is called. `sign` returns, for a body and a time, further headers beside those of Standard Webhooks.

    `sign` may make a call itself, and raises HttpFailure if that fails. `secret_header` is the header that no log may show.
    `id_header` is the name of the header with the message's id. `final_statuses` are HTTP statuses that are not retried.
    `shown_url` is the URL for the log, as a URL can be a secret. `noted` is called with outcome, status and time in the
    transaction that writes an attempt.
    """

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    called: Endpoint
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sign: Sign | None = field(default=None, repr=False)
    secret_header: str = ""
    id_header: str = ""
    signature_header: str = ""
    event_header: str = ""
    user_agent: str = USER_AGENT
    shown_url: str = ""
    read_seconds: float = 10
    deadline_seconds: float = 15
    final_statuses: frozenset[int] = frozenset()
    is_disabled_when_gone: bool = True
    noted: Noted | None = field(default=None, repr=False)


Opener = Callable[[Session, WebhookEndpoint, Keyring, datetime], Target]
_installed: dict[EndpointKind, Opener] = {}


def install(openers: Mapping[EndpointKind, Opener]) -> None:
    """Store for some kinds of endpoints the function that returns how to call them. `create_app` calls this once."""
    _installed.clear()
    _installed.update(openers)


def open_target(session: Session, endpoint: WebhookEndpoint, *, keyring: Keyring, now: datetime) -> Target:
    """Return how the endpoint is called. Raises `NoTarget` if it cannot be called."""
    return _installed.get(endpoint.kind, _as_its_row_says)(session, endpoint, keyring, now)


def _as_its_row_says(_session: Session, endpoint: WebhookEndpoint, keyring: Keyring, now: datetime) -> Target:
    try:
        secrets = open_sealed(endpoint, keyring=keyring)
        headers = checked_headers(secrets.headers)
    except UnableToDecrypt:
        raise NoTarget("sealed") from None
    except BadEndpoint:
        raise NoTarget("bad_header") from None
    return Target(
        endpoint.url,
        secrets.valid(now),
        Endpoint("callbacks", f"POST {endpoint.kind}", str(endpoint.id)),
        headers,
        signature_header=endpoint.signature_header,
        event_header=endpoint.event_header,
        shown_url=redact_url(endpoint.url),
    )


def headers_for(target: Target, body: bytes, *, message_id: str, event_type: str, now_seconds: int) -> dict[str, str]:
    """Return all headers of this attempt."""
    found = {"Content-Type": "application/json", "User-Agent": target.user_agent, **target.headers}
    found |= signed_headers(body, target.secrets, message_id=message_id, now_seconds=now_seconds)
    if target.sign:
        found |= target.sign(body, now_seconds)
    if target.id_header:
        found[target.id_header] = message_id
    if target.event_header:
        found[target.event_header] = event_type
    if target.signature_header and target.secrets:
        found[target.signature_header] = plain_signature(body, target.secrets[0])
    return found


def shown_headers(target: Target, sent: Mapping[str, str]) -> dict[str, str]:
    """Return the sent headers with secrets masked, for the log. Signatures and times stay readable, because a receiver's
    engineer needs them."""
    own = {name.lower() for name in target.headers}
    masked = redact_headers({name: value for name, value in sent.items() if name.lower() in own})
    hidden = target.secret_header.lower()
    return {name: "***" if name.lower() == hidden else masked.get(name, value) for name, value in sent.items()}

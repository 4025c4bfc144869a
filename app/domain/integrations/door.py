"""Authenticate posts to an integration, by a key in the URL or a header, or by a signature. Comparisons take constant time. No
function here raises an error."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

from app.core import standard_webhooks
from app.core.text import mark as N_
from app.domain.ingest.intake import RawEvent
from app.domain.integrations.models import Provider
from app.domain.integrations.queries import Opened
from app.providers.make.signature import is_signed
from app.providers.registry import PROVIDERS

_UNNAMED = N_("event_id or the Idempotency-Key header is required to identify the event")
KEY_HEADERS = ("x-api-key", *(name for one in PROVIDERS for name in one.key_headers))


def given_keys(headers: Mapping[str, str], *, in_address: Iterable[str] = ()) -> tuple[str, ...]:
    """Return all keys in a post's headers and URL. `in_address`: the keys from the URL."""
    low = {name.lower(): value for name, value in headers.items()}
    bearer = low.get("authorization", "")
    found = [*in_address, *(low.get(name, "") for name in KEY_HEADERS)]
    found += [bearer[7:]] if bearer[:7].lower() == "bearer " else []
    return tuple(key.strip() for key in found if key.strip())


def find_by_key(opened: Sequence[Opened], keys: Sequence[str], name: str) -> Opened | None:
    """Return the integration whose secret named `name` is one of the `keys`. Return None if there is none."""
    found = None
    for one in opened:
        known = one.secrets.get(name, "").encode()
        if known and any(hmac.compare_digest(known, key.encode("utf-8", "replace")) for key in keys):
            found = found or one
    return found


def find_caller(
    opened: Sequence[Opened], headers: Mapping[str, str], body: bytes, signature: str, *, now_seconds: float
) -> Opened | None:
    """Return the integration whose scenario sent the post. Return None if there is none.

    `signature`: the value of our own signature header, "" if the post has none. If the post has this header, or the headers
    of Standard Webhooks, its signature must be valid. A post without a signature is recognised by its key.
    """
    secrets = ((one, one.secrets.get("signing_secret", "")) for one in opened)
    if signature:
        return next((one for one, secret in secrets if is_signed(body, signature, secret, now_seconds=now_seconds)), None)
    if any(name.lower() == standard_webhooks.SIGNATURE for name in headers):
        is_ours = standard_webhooks.is_signed
        return next((one for one, secret in secrets if is_ours(body, headers, [secret], now_seconds=now_seconds)), None)
    return find_by_key(opened, given_keys(headers), "inbound_key")


def scenario_event(integration: Opened, scenario: str, body: bytes, headers: Mapping[str, str], event_id: str) -> RawEvent:
    """Return the raw event of a scenario's call, deduplicated by the call's event id. Without an event id, the event is
    quarantined and deduplicated by its bytes."""
    name = event_id or f"body:{hashlib.sha256(body).hexdigest()}"
    meta = {"integration_id": str(integration.id), "scenario": scenario}
    reason = None if event_id else _UNNAMED
    return RawEvent("make", f"{integration.id}:{scenario}:{name}", body, headers=headers, meta=meta, quarantine_reason=reason)


def form_event(integration: Opened, body: bytes, headers: Mapping[str, str]) -> RawEvent:
    """Build the raw event of a form's post, deduplicated by its bytes."""
    key = f"{integration.id}:{hashlib.sha256(body).hexdigest()}"
    meta = {"integration_id": str(integration.id), "way": "post"}
    return RawEvent(source=Provider.FORMS, dedupe_key=key, body=body, headers=headers, meta=meta)

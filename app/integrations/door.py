"""Who may post to us for an integration: the secret in the address or a header. Constant-time; never raises."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

from app.ingest.intake import RawEvent
from app.integrations.queries import Opened

KEY_HEADERS = ("x-api-key", "x-make-apikey", "x-fillout-key")


def given_keys(headers: Mapping[str, str], *, in_address: Iterable[str] = ()) -> tuple[str, ...]:
    """Every key a post bears."""
    low = {name.lower(): value for name, value in headers.items()}
    bearer = low.get("authorization", "")
    found = [*in_address, *(low.get(name, "") for name in KEY_HEADERS)]
    found += [bearer[7:]] if bearer[:7].lower() == "bearer " else []
    return tuple(key.strip() for key in found if key.strip())


def find_by_key(opened: Sequence[Opened], keys: Sequence[str], name: str) -> Opened | None:
    """The integration whose secret of this name is among the keys."""
    found = None
    for one in opened:
        known = one.secrets.get(name, "").encode()
        if known and any(hmac.compare_digest(known, key.encode("utf-8", "replace")) for key in keys):
            found = found or one
    return found


def form_event(integration: Opened, body: bytes, headers: Mapping[str, str]) -> RawEvent:
    """A post of a form. The same bytes again are the same post."""
    key = f"{integration.id}:{hashlib.sha256(body).hexdigest()}"
    meta = {"integration_id": str(integration.id), "way": "post"}
    return RawEvent(source="fillout", dedupe_key=key, body=body, headers=headers, meta=meta)

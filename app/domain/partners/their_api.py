"""Call a partner's own API: open the account, authenticate, make a call. Nothing here opens a transaction during a call."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.crypto import Keyring
from app.core.http import HttpFailure
from app.core.metering import Endpoint
from app.core.runtime import runtime
from app.domain.partners.actions import PARTNERS
from app.domain.partners.models import Authentication, Partner

KEY_HEADER = "X-API-Key"


class CallFailed(Exception):
    """Raised when a call to the partner's API failed. The message is for people and contains no secret."""


@dataclass(frozen=True)
class Account:
    """Our account at a partner's API: its address and credentials."""

    partner_id: uuid.UUID
    base_url: str
    authentication: Authentication | None
    credentials: Mapping[str, str] = field(repr=False)

    @property
    def secret_header(self) -> str:
        """Return the name of the header with the credentials, which must not be logged."""
        is_key = self.authentication == Authentication.API_KEY
        return self.credentials.get("header") or KEY_HEADER if is_key else "Authorization"


def open_account(partner: Partner, keyring: Keyring) -> Account:
    """Return our account at the partner's API, with decrypted credentials. Raises `UnableToDecrypt`."""
    sealed, place = partner.sealed_credentials, {"table": PARTNERS, "column": "sealed_credentials"}
    plain = keyring.decrypt(sealed, row_id=partner.id, **place) if sealed else b"{}"
    return Account(partner.id, partner.api_base_url.rstrip("/"), partner.authentication_type, json.loads(plain))


def sign_in(account: Account) -> dict[str, str]:
    """Return the headers that authenticate us at the partner's API. For OAuth 2, a token is requested first. Raises
    `CallFailed`."""
    known, way = account.credentials, account.authentication
    if way is None:
        return {}
    secret = known.get("secret", "")
    if way == Authentication.API_KEY:
        return {account.secret_header: secret}
    if way == Authentication.BASIC_AUTH:
        pair = f"{known.get('username', '')}:{secret}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    if way == Authentication.OAUTH2:
        form = {"grant_type": "client_credentials", "client_id": known.get("username", ""), "client_secret": secret}
        url = known.get("token_url") or f"{account.base_url}/token"
        secret = str(call(account, "POST", url, "POST token", data=form).get("access_token") or "")
        if not secret:
            raise CallFailed("it gave no access token")
    return {"Authorization": f"Bearer {secret}"}


def call(account: Account, method: str, url: str, name: str, **more: Any) -> dict[str, Any]:
    """Make one call and return the JSON object of the response. Raises `CallFailed`.

    `name` names the call in logs, `more` are further arguments of the HTTP client.
    """
    try:
        called = Endpoint("partner_api", name, str(account.partner_id))
        answer = runtime().http.request(method, url, called=called, **more)
        body = answer.json() if answer.ok else None
    except (HttpFailure, ValueError) as failure:
        reason = str(failure.kind) if isinstance(failure, HttpFailure) else "its answer is no JSON"
        raise CallFailed(f"{name}: {reason}") from failure
    if not answer.ok:
        raise CallFailed(f"{name}: it answered {answer.status}")
    if not isinstance(body, dict):
        raise CallFailed(f"{name}: its answer is no JSON object")
    return body

"""Get application tokens from Entra through msal, which caches them: one application object per tenant and client.

Tokens of mailboxes that somebody signed in to come from `signed_in`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

import msal
from msal.exceptions import MsalServiceError

from app.contract.base import ChannelAccount, ProviderError, Reason
from app.core.http import HttpClient, HttpFailure
from app.core.text import mark as N_
from app.providers.graph.errors import token_refusal, unreachable
from app.providers.graph.msal_http import MsalHttp, TenantRefused
from app.providers.graph.signed_in import KeepTokens, SignedInMailboxes, is_signed_in

_SIGN_IN_DOWN = Reason(
    "sign_in_unavailable", N_("Microsoft's sign-in sent an invalid response"), advice=N_("Nothing to do: we will retry")
)
_NO_CREDENTIALS = Reason(
    "not_configured",
    N_("The channel has no credentials"),
    advice=N_("Fill in the tenant ID, the client ID and the client secret"),
)


class TokenSource:
    """A source of bearer tokens for Graph.

    `login_authority` is e.g. https://login.microsoftonline.com; `scope` is the Graph root with "/.default".
    """

    def __init__(self, http: HttpClient, *, login_authority: str, scope: str, keep_tokens: KeepTokens | None = None) -> None:
        self.signed_in = SignedInMailboxes(http, login_authority=login_authority, keep_tokens=keep_tokens)
        self._authority = login_authority.rstrip("/")
        self._scope = scope
        self._http = MsalHttp(http, plain=self._authority.startswith("http://"))
        self._applications: dict[str, _Application] = {}
        self._lock = threading.Lock()

    def token(self, account: ChannelAccount, *, fresh: bool = False) -> str:
        """Return a bearer token for the account. `fresh` drops the cached token first, for use after the provider refused it.

        Raises ProviderError, with `channel_down` if the credentials are the cause.
        """
        if is_signed_in(account):
            return self.signed_in.token(account, fresh=fresh)
        tenant, client_id, secret = _credentials(account)
        application = self._application(tenant, client_id, secret)
        try:
            answer = application.acquire(self._scope, fresh=fresh)
        except HttpFailure as failure:
            raise unreachable(failure) from failure
        except (MsalServiceError, RuntimeError, ValueError, KeyError) as error:
            raise ProviderError(_SIGN_IN_DOWN, permanent=False) from error
        if "access_token" not in answer:
            raise token_refusal(answer)
        return str(answer["access_token"])

    def _application(self, tenant: str, client_id: str, secret: str) -> _Application:
        # The secret is part of the key: a new one must not meet the old one's cached refusals.
        key = hashlib.sha256("\0".join((tenant, client_id, secret)).encode()).hexdigest()
        with self._lock:
            return self._applications.setdefault(key, _Application(self._msal_authority(tenant), client_id, secret, self._http))

    def _msal_authority(self, tenant: str) -> str:
        return f"{self._authority.replace('http://', 'https://', 1)}/{tenant}"


class _Application:
    """An msal application, made at its first use because making it asks the network."""

    def __init__(self, authority: str, client_id: str, secret: str, http: MsalHttp) -> None:
        self._settings = {"client_id": client_id, "client_credential": secret, "authority": authority}
        self._http = http
        self._made: msal.ConfidentialClientApplication | None = None
        self._lock = threading.Lock()

    def acquire(self, scope: str, *, fresh: bool) -> Mapping[str, Any]:
        """Return msal's answer, with the token or the error. After an error the msal application is dropped.

        Otherwise msal would repeat the cached error for a minute.
        """
        with self._lock:
            made, self._made = self._made, None
            try:
                made = made or msal.ConfidentialClientApplication(
                    **self._settings, http_client=self._http, instance_discovery=False
                )
                if fresh:
                    made.remove_tokens_for_client()
                answer: Mapping[str, Any] = made.acquire_token_for_client([scope])
            except TenantRefused as refused:
                return refused.answer
            if "access_token" in answer:
                self._made = made
            return answer


def _credentials(account: ChannelAccount) -> tuple[str, str, str]:
    given = {**account.settings, **account.secrets}
    values = [str(given.get(name) or "") for name in ("tenant_id", "client_id", "client_secret")]
    if not all(values):
        raise ProviderError(_NO_CREDENTIALS, permanent=False, channel_down=True)
    return values[0], values[1], values[2]

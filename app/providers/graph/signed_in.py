"""Connect a mailbox by signing in at Microsoft (OAuth), and get tokens from that sign-in.

msal binds the code to us by PKCE, and to the browser by `state`. msal's token cache is stored encrypted among the channel's
secrets as `token_cache`. When a refresh changes the cache, `keep_tokens` is called to store it. Losing such a change is
harmless, because the earlier refresh token still works.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msal
from msal.exceptions import MsalServiceError

from app.contract.base import ChannelAccount, Json, ProviderError, Reason
from app.contract.oauth import SignedIn
from app.core.http import HttpClient, HttpFailure
from app.core.text import mark as N_
from app.providers.graph.errors import token_refusal, unreachable
from app.providers.graph.msal_http import MsalHttp, TenantRefused

TRANSPORT = "signed_in"
SCOPES = ("Mail.ReadWrite", "Mail.Send")
CALENDAR_SCOPE = "Calendars.ReadWrite"
KeepTokens = Callable[[str, str], None]  # the channel's id, its new token cache

_ADVICE = N_("Sign in again on the channel's page")
_NOBODY = Reason("sign_in_missing", N_("No user is signed in to this mailbox"), advice=_ADVICE)
_ENDED = {"invalid_grant", "interaction_required", "login_required", "consent_required"}
_OUT_OF_PLACE = Reason(
    "sign_in_out_of_place",
    N_(
        "Microsoft's answer does not belong to the sign-in that you started in this browser",
        "This response matches no sign-in started here",
    ),
    advice=N_("Start again, and finish the sign-in in the same browser"),
)
_UNUSABLE = Reason("sign_in_unavailable", N_("Microsoft's sign-in sent an invalid response"), advice=N_("Try again in a moment"))


def is_signed_in(account: ChannelAccount) -> bool:
    return account.settings.get("transport") == TRANSPORT


def is_shared(account: ChannelAccount) -> bool:
    """Return True if the person who signs in (`user_address`) has another address than the mailbox."""
    user = str(account.settings.get("user_address") or "")
    return bool(user) and user.lower() != account.address.lower()


def wanted_scopes(account: ChannelAccount) -> list[str]:
    """Return the scopes that the person who signs in is asked to grant."""
    names = [*SCOPES, *([CALENDAR_SCOPE] if account.settings.get("calendar") == "on" else [])]
    return [*names, *(f"{name}.Shared" for name in names)] if is_shared(account) else names


@dataclass
class _Open:
    """msal's application for one channel. `text` is its token cache as it was last read or written."""

    made: msal.ConfidentialClientApplication
    cache: msal.SerializableTokenCache
    text: str


class SignedInMailboxes:
    """Sign-ins to mailboxes at Microsoft, and their tokens. `login_authority` is the same as for `TokenSource`.

    One msal application per channel stays in memory, because creating one makes a network call.
    """

    def __init__(self, http: HttpClient, *, login_authority: str, keep_tokens: KeepTokens | None) -> None:
        self._authority = login_authority.rstrip("/")
        self._plain = self._authority.startswith("http://")
        self._http = MsalHttp(http, plain=self._plain)
        self._keep = keep_tokens
        self._open: dict[str, _Open] = {}
        self._lock = threading.Lock()

    def begin(self, account: ChannelAccount, *, redirect_uri: str) -> Json:
        """Return what to store until the browser is back; its `auth_uri` is the URL to open. Raises ProviderError."""
        application = self._application(account, msal.SerializableTokenCache())
        with warnings.catch_warnings():
            # msal would rather have the answer posted; from another site the browser would then leave our session's cookie out.
            warnings.simplefilter("ignore", UserWarning)
            wanted = wanted_scopes(account)
            flow: Json = application.initiate_auth_code_flow(wanted, redirect_uri=redirect_uri, prompt="select_account")
        return {**flow, "auth_uri": self._outside(str(flow["auth_uri"]))}

    def finish(self, account: ChannelAccount, *, flow: Json, answer: Mapping[str, str]) -> SignedIn:
        """Return the tokens and the address of the person who signed in. `flow` is the result of `begin`.

        Raises ProviderError if the person refused, or if `answer` does not belong to `flow`.
        """
        cache = msal.SerializableTokenCache()
        application = self._application(account, cache)
        try:
            got = application.acquire_token_by_auth_code_flow(dict(flow), dict(answer))
        except HttpFailure as failure:
            raise unreachable(failure) from failure
        except (MsalServiceError, RuntimeError, ValueError, KeyError) as error:
            raise ProviderError(_OUT_OF_PLACE, permanent=True) from error
        if "access_token" not in got:
            raise _refused(got)
        claims = got.get("id_token_claims") or {}
        return SignedIn(cache.serialize(), str(claims.get("preferred_username") or ""))

    def token(self, account: ChannelAccount, *, fresh: bool) -> str:
        """Return a bearer token of the person who signed in. `fresh` forces a refresh; a refreshed token is stored.

        Raises ProviderError, with `channel_down` if the person must sign in again.
        """
        with self._lock:
            opened = self._opened(account)
            accounts = opened.made.get_accounts()
            if not accounts:
                raise ProviderError(_NOBODY, permanent=False, channel_down=True)
            scopes = _agreed(account, opened)
            try:
                got = opened.made.acquire_token_silent_with_error(scopes, account=accounts[0], force_refresh=fresh)
            except HttpFailure as failure:
                raise unreachable(failure) from failure
            except (MsalServiceError, RuntimeError, ValueError, KeyError) as error:
                raise ProviderError(_UNUSABLE, permanent=False) from error
            self._keep_changes(account, opened)
        if not got or "access_token" not in got:
            self._open.pop(account.id, None)  # msal remembers a refusal for a while; what is mended must work at once
            raise _refused(got or {"error": "invalid_grant"})
        return str(got["access_token"])

    def consent_url(self, *, tenant_id: str, client_id: str, redirect_uri: str, state: str) -> str:
        """Return the URL where an administrator of the directory consents to the application for all its mailboxes."""
        query = urlencode({"client_id": client_id, "redirect_uri": redirect_uri, "state": state})
        return f"{self._authority}/{tenant_id}/adminconsent?{query}"

    def _opened(self, account: ChannelAccount) -> _Open:
        text = account.secrets.get("token_cache", "")
        known = self._open.get(account.id)
        if known is None or not account.id or known.text != text:
            cache = msal.SerializableTokenCache()
            cache.deserialize(text or "{}")
            known = self._open[account.id] = _Open(self._application(account, cache), cache, text)
        return known

    def _keep_changes(self, account: ChannelAccount, opened: _Open) -> None:
        if opened.cache.has_state_changed and account.id and self._keep:
            opened.text = opened.cache.serialize()
            self._keep(account.id, opened.text)

    def _application(self, account: ChannelAccount, cache: msal.SerializableTokenCache) -> msal.ConfidentialClientApplication:
        authority = f"{self._authority.replace('http://', 'https://', 1)}/{account.settings.get('tenant_id') or 'common'}"
        try:
            return msal.ConfidentialClientApplication(
                str(account.settings.get("client_id") or ""),
                client_credential=account.secrets.get("client_secret", ""),
                authority=authority,
                token_cache=cache,
                http_client=self._http,
                instance_discovery=False,
            )
        except TenantRefused as refused:
            raise token_refusal(refused.answer) from refused
        except HttpFailure as failure:
            raise unreachable(failure) from failure
        except (MsalServiceError, RuntimeError, ValueError, KeyError) as error:
            raise ProviderError(_UNUSABLE, permanent=False) from error

    def _outside(self, url: str) -> str:
        return url.replace("https://", "http://", 1) if self._plain else url


def _agreed(account: ChannelAccount, opened: _Open) -> list[str]:
    """Return the wanted scopes that the person granted, and always those for mail.

    Requesting a scope that was not granted would end the sign-in, so that mail would stop too.
    """
    kept = opened.cache.search(msal.TokenCache.CredentialType.REFRESH_TOKEN)
    agreed = {scope.rpartition("/")[2] for one in kept for scope in str(one.get("target") or "").split()}
    return [scope for scope in wanted_scopes(account) if scope in agreed or scope in SCOPES]


def _refused(answer: Mapping[str, Any]) -> ProviderError:
    """Return the error of a sign-in that has ended, or was refused."""
    error = str(answer.get("error") or "")
    detail = "".join(str(answer.get("error_description") or "").splitlines()[:1])[:500]
    if error == "access_denied":
        title = N_("The sign-in at Microsoft was cancelled or refused", "Microsoft refused the sign-in")
        return ProviderError(
            Reason(
                error,
                title,
                detail=detail,
                advice=N_("Sign in again and agree to the permissions Microsoft lists", "Sign in and agree"),
            ),
            permanent=True,
        )
    if error in _ENDED:
        title = N_("The sign-in has expired or was revoked")
        return ProviderError(Reason(error, title, detail=detail, advice=_ADVICE), permanent=False, channel_down=True)
    return token_refusal(answer)

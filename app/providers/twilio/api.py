"""Call Twilio's API: address, sign-in, and the one place that turns an answer or a missing answer into a `ProviderError`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urljoin, urlsplit

from app.contract.base import ChannelAccount, Json, ProviderError, Reason
from app.contract.fetching import FetchedMedia
from app.core.clock import utc_now
from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint, shape_of
from app.core.retry_after import read_retry_after
from app.core.text import mark as N_
from app.providers.twilio.errors import cannot_send, refusal

VERSION = "2010-04-01"
MEDIA_BYTES = 25 * 1024 * 1024
_WORDS = (VERSION, "Accounts", "Messages.json", "IncomingPhoneNumbers.json")
_REDIRECTS = (301, 302, 303, 307, 308)
_UNSURE = Reason(
    "outcome_unknown",
    N_("We do not know if Twilio accepted the text"),
    advice=N_(
        "We are checking with Twilio; send the text again only if it does not arrive.",
        "We look it up at Twilio; send it again only if it does not arrive",
    ),
)
_AGAIN = N_("We will retry automatically.")


class TwilioApi:
    """Client of Twilio's API at one base URL; the account comes with each call. Credentials go to the host of that URL only."""

    def __init__(self, http: HttpClient, base_url: str, read_timeout: float = 10) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._read_timeout = read_timeout

    def get(self, path: str, *, account: ChannelAccount, params: Mapping[str, str] | None = None) -> Json:
        """Get a resource of the account, such as "Messages.json". The path "" gets the account itself. Raises ProviderError."""
        return self._call("GET", self._address(path, account), account, params=params)

    def get_next(self, uri: str, *, account: ChannelAccount) -> Json:
        """Get the next page of a list by the relative URI that the list names. Raises ProviderError."""
        url = urljoin(f"{self._base_url}/", uri)
        if _origin(url) != _origin(self._base_url):
            raise cannot_send(
                "page_host",
                N_(
                    "We did not follow a link from Twilio, because it leads to another server",
                    "Twilio links to a page on another host",
                ),
                N_("Ask an administrator."),
            )
        return self._call("GET", url, account)

    def post(self, path: str, *, account: ChannelAccount, fields: Mapping[str, str]) -> Json:
        """Post something that a person will see. Raises ProviderError, with `outcome_unknown` unless it is certain that nothing
        was done."""
        return self._call("POST", self._address(path, account), account, data=fields)

    def download(self, url: str, *, account: ChannelAccount) -> FetchedMedia:
        """Fetch a file from Twilio's host with our credentials. One redirect to another host is followed, without credentials.

        Raises ProviderError.
        """
        if _origin(url) != _origin(self._base_url):
            raise cannot_send("media_host", N_("The file is on a host that is not Twilio's"), N_("Ask an administrator."))
        called = Endpoint("twilio", "GET file", account.id)
        answer = self._fetch(url, _authorization(account), called)
        if answer.status in _REDIRECTS:
            answer = self._fetch(urljoin(url, answer.headers.get("location", "")), {}, called)
        if answer.status in (404, 410):
            raise cannot_send("media_gone", N_("The file is no longer at Twilio"), N_("Ask the sender to send the file again."))
        if not answer.ok:
            _refuse(answer, changes=False)
        return FetchedMedia(answer.body, answer.headers.get("content-type", ""))

    def _fetch(self, url: str, headers: Mapping[str, str], called: Endpoint) -> HttpResponse:
        try:
            return self._http.request(
                "GET", url, called=called, headers=headers, read_timeout=30, deadline=60, max_bytes=MEDIA_BYTES
            )
        except HttpFailure as failure:
            if failure.kind in ("too_large", "refused_address", "bad_url"):
                raise cannot_send(
                    f"media_{failure.kind}", N_("We cannot download the file"), N_("Ask the sender to send the file by email.")
                ) from failure
            raise _unreachable(failure, changes=False) from failure

    def _address(self, path: str, account: ChannelAccount) -> str:
        whose = f"{self._base_url}/{VERSION}/Accounts/{quote(str(account.settings.get('account_sid', '')), safe='')}"
        return f"{whose}/{path}" if path else f"{whose}.json"

    def _call(self, method: str, url: str, account: ChannelAccount, **body: Any) -> Json:
        changes = method == "POST"
        called = Endpoint("twilio", f"{method} {shape_of(urlsplit(url).path, _WORDS)}", account.id)
        headers = _authorization(account)
        try:
            answer = self._http.request(
                method, url, called=called, headers=headers, read_timeout=self._read_timeout, max_bytes=5_000_000, **body
            )
        except HttpFailure as failure:
            raise _unreachable(failure, changes=changes) from failure
        decoded = _decoded(answer)
        if decoded is None or not answer.ok:
            _refuse(answer, changes=changes)
        return decoded


def _authorization(account: ChannelAccount) -> dict[str, str]:
    """Return the authorization header: with the API key if there is one, else with the account's auth token.

    Raises ProviderError if the channel has no credentials.
    """
    key = str(account.settings.get("api_key_sid") or "")
    user = key or str(account.settings.get("account_sid") or "")
    secret = account.secrets.get("api_key_secret" if key else "signing_secret", "")
    if not user or not secret:
        reason = Reason(
            "no_sign_in", N_("The channel has no Twilio credentials"), advice=N_("An administrator must enter the credentials.")
        )
        raise ProviderError(reason, permanent=False, channel_down=True)
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def _decoded(answer: HttpResponse) -> Json | None:
    try:
        decoded = answer.json()
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict) else None


def _refuse(answer: HttpResponse, *, changes: bool) -> NoReturn:
    """Raise the ProviderError for an unsuccessful answer. An error code with a 4xx status proves that nothing was done.

    `changes`: the call would have changed something, so without such a code the outcome may be unknown.
    """
    told = _decoded(answer) or {}
    code = told.get("code")
    retry_after = read_retry_after(answer.headers.get("retry-after"), now=utc_now())
    if isinstance(code, int) and 400 <= answer.status < 500:
        raise refusal(code, str(told.get("message") or ""), status_code=answer.status, retry_after_seconds=retry_after)
    is_unknown = changes and (answer.ok or answer.status == 408 or answer.status >= 500)
    strange = Reason(f"http_{answer.status}", N_("Twilio sent an invalid response"), advice=_AGAIN)
    raise ProviderError(
        _UNSURE if is_unknown else strange,
        permanent=False,
        retry_after_seconds=retry_after,
        outcome_unknown=is_unknown,
        channel_down=answer.status == 401,
        status_code=answer.status,
    )


def _unreachable(failure: HttpFailure, *, changes: bool) -> ProviderError:
    is_unknown = failure.request_sent and changes
    reason = _UNSURE if is_unknown else Reason(f"network_{failure.kind}", N_("Twilio could not be reached"), advice=_AGAIN)
    return ProviderError(reason, permanent=False, outcome_unknown=is_unknown, status_code=failure.status)


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0

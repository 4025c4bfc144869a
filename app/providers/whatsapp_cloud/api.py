"""Call the Cloud API: address, token, and the one place that turns an answer or a missing answer into a `ProviderError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

from app.contract.base import ChannelAccount, ProviderError, Reason, UnableToParse
from app.core.clock import utc_now
from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint, shape_of
from app.core.retry_after import read_retry_after
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.errors import cannot_send, refusal
from app.providers.whatsapp_cloud.reading import Json, load_json

_WORDS = ("messages", "media", "message_templates", "subscribed_apps", "phone_numbers")
FILE_READ_SECONDS = 60.0
FILE_DEADLINE_SECONDS = 180.0


class CloudApi:
    """Client of one base URL and version; the account comes with each call. `repeatable` calls change nothing people can see."""

    def __init__(
        self, http: HttpClient, base_url: str, api_version: str, media_hosts: tuple[str, ...], read_timeout: float
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._version = api_version.strip("/")
        self._origins = frozenset({_origin(base_url), *(("https", host, 443) for host in media_hosts)})
        self._read_timeout = read_timeout

    def get(self, path: str, *, account: ChannelAccount, params: Mapping[str, str] | None = None) -> Json:
        """Get a resource. Raises ProviderError, never with `outcome_unknown`."""
        return self._call("GET", path, account, repeatable=True, params=params)

    def post_message(self, path: str, *, account: ChannelAccount, payload: Json) -> Json:
        """Post something that a person will see. Raises ProviderError, with `outcome_unknown` unless it is certain that nothing
        was done."""
        return self._call("POST", path, account, repeatable=False, json=payload)

    def post_repeatable(self, path: str, *, account: ChannelAccount, payload: Json) -> Json:
        """Post something that has the same effect when done twice. Raises ProviderError, never with `outcome_unknown`."""
        return self._call("POST", path, account, repeatable=True, json=payload)

    def upload(self, path: str, *, account: ChannelAccount, fields: Mapping[str, str], file: tuple[str, bytes, str]) -> Json:
        """Upload one file: (name, content, content type). Raises ProviderError, never with `outcome_unknown`."""
        patience = {"read_timeout": FILE_READ_SECONDS, "deadline": FILE_DEADLINE_SECONDS}
        return self._call("POST", path, account, repeatable=True, data=fields, files={"file": file}, **patience)

    def download(self, url: str, *, account: ChannelAccount, max_bytes: int) -> HttpResponse:
        """Fetch a file with the token, from WhatsApp's hosts only. A 404 is returned like a success. Raises ProviderError."""
        if _origin(url) not in self._origins:
            raise cannot_send(
                "media_host",
                N_("The file is on a host that does not belong to WhatsApp"),
                N_("Ask an administrator."),
                _host(url),
            )
        headers = _authorization(account)
        try:
            answer = self._http.request(
                "GET",
                url,
                called=Endpoint("whatsapp", "GET file", account.id),
                headers=headers,
                read_timeout=FILE_READ_SECONDS,
                deadline=FILE_DEADLINE_SECONDS,
                max_bytes=max_bytes,
            )
        except HttpFailure as failure:
            if failure.kind == "too_large":
                raise cannot_send("media_too_large", N_("The file is too large"), N_("Ask for a smaller file.")) from failure
            raise _unreachable(failure, repeatable=True) from failure
        if not answer.ok and answer.status != 404:
            _refuse(answer, repeatable=True)
        return answer

    def _call(self, method: str, path: str, account: ChannelAccount, *, repeatable: bool, **body: Any) -> Json:
        called = Endpoint("whatsapp", f"{method} {shape_of(path, _WORDS)}", account.id)
        url = f"{self._base_url}/{self._version}/{'/'.join(quote(part, safe='') for part in path.split('/'))}"
        try:
            answer = self._http.request(
                method, url, called=called, headers=_authorization(account), **{"read_timeout": self._read_timeout, **body}
            )
        except HttpFailure as failure:
            raise _unreachable(failure, repeatable=repeatable) from failure
        decoded = _decoded(answer)
        if decoded is None or not answer.ok or "error" in decoded:
            _refuse(answer, repeatable=repeatable)
        return decoded


def _authorization(account: ChannelAccount) -> dict[str, str]:
    token = account.secrets.get("access_token", "")
    if not token:
        reason = Reason(
            "no_token", N_("The channel has no access token"), advice=N_("An administrator must enter an access token.")
        )
        raise ProviderError(reason, permanent=False, channel_down=True)
    return {"Authorization": f"Bearer {token}"}


def _decoded(answer: HttpResponse) -> Json | None:
    try:
        decoded = load_json(answer.body)
    except UnableToParse:
        return None
    return decoded if isinstance(decoded, dict) else None


def _refuse(answer: HttpResponse, *, repeatable: bool) -> NoReturn:
    """Raise the ProviderError for an unsuccessful answer. If it contains an error object of Meta, the outcome is certain."""
    error = (_decoded(answer) or {}).get("error")
    retry_after = read_retry_after(answer.headers.get("retry-after"), now=utc_now())
    if isinstance(error, dict):
        raise refusal(error, status_code=answer.status, retry_after_seconds=retry_after)
    is_unknown = not repeatable and (answer.ok or answer.status == 408 or answer.status >= 500)
    raise ProviderError(
        _UNSURE if is_unknown else Reason(f"http_{answer.status}", N_("WhatsApp sent an invalid response"), advice=_AGAIN),
        permanent=False,
        retry_after_seconds=retry_after,
        outcome_unknown=is_unknown,
        channel_down=answer.status == 401,
        status_code=answer.status,
    )


def _unreachable(failure: HttpFailure, *, repeatable: bool) -> ProviderError:
    is_unknown = failure.request_sent and not repeatable
    reason = _UNSURE if is_unknown else Reason(f"network_{failure.kind}", N_("WhatsApp could not be reached"), advice=_AGAIN)
    return ProviderError(reason, permanent=False, outcome_unknown=is_unknown, status_code=failure.status)


_AGAIN = N_("We will retry automatically.")
_UNSURE = Reason(
    "outcome_unknown",
    N_("We do not know if WhatsApp accepted the message"),
    advice=N_("Wait a moment for the ticks; send the message again only if they do not appear."),
)


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", "", 0


def _host(url: str) -> str:
    return _origin(url)[1]

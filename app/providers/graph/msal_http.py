"""Send msal's calls through our own HTTP client.

msal accepts only an https authority, but a simulator speaks plain http. So msal gets an `http://` authority as https, and
its calls are changed back to http before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.http import HttpClient, HttpResponse
from app.core.metering import Endpoint

_DESCRIPTION, _TOKEN = Endpoint("microsoft_sign_in", "GET description"), Endpoint("microsoft_sign_in", "POST token")


class TenantRefused(Exception):
    """Raised when the provider refuses the tenant's discovery document. `answer` contains the reason.

    msal itself would raise a ValueError, which hides the error code.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__("tenant discovery refused")
        self.answer = answer


class _MsalAnswer:
    """An HTTP answer with the attributes msal reads."""

    def __init__(self, response: HttpResponse) -> None:
        self.status_code = response.status
        self.text = response.text
        self.headers = dict(response.headers)

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise RuntimeError(f"HTTP {self.status_code}")


class MsalHttp:
    """The HTTP interface that msal expects, on our own client. `plain` changes https to http, for a simulator on loopback."""

    def __init__(self, http: HttpClient, *, plain: bool) -> None:
        self._http = http
        self._plain = plain

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_ignored: Any
    ) -> _MsalAnswer:
        response = self._http.request("GET", self._url(url), called=_DESCRIPTION, params=params, headers=headers)
        refused = _oauth_error(response)
        if refused is not None:
            raise TenantRefused(refused)
        return _MsalAnswer(response)

    def post(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **_ignored: Any,
    ) -> _MsalAnswer:
        return _MsalAnswer(self._http.request("POST", self._url(url), called=_TOKEN, params=params, data=data, headers=headers))

    def close(self) -> None:
        """Do nothing: the client belongs to the application, not to msal."""

    def _url(self, url: str) -> str:
        return url.replace("https://", "http://", 1) if self._plain else url


def _oauth_error(response: HttpResponse) -> Mapping[str, Any] | None:
    if not 400 <= response.status < 500:
        return None
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "error" in answer else None

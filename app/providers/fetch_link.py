"""Fetch a file from an address that somebody wrote, as in the answers of a form. No credentials of ours are sent."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from app.contract.base import ProviderError, Reason
from app.contract.fetching import FetchedMedia
from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint
from app.core.text import mark as N_
from app.mail.filetypes import real_content_type

MOST_BYTES = 50 * 1024 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (401, 403, 404, 410)  # a signed address that has expired answers 403
_ANY = "application/octet-stream"
_FOR_GOOD = {
    "too_large": N_("The file is too large"),
    "refused_address": N_("The address of the file is not allowed"),
    "bad_url": N_("The address of the file is not allowed"),
}


def fetch_linked(
    http: HttpClient, url: str, *, filename: str, called: Endpoint, allows_http: bool = False, max_bytes: int = MOST_BYTES
) -> FetchedMedia:
    """Fetch the file at `url`; return its bytes and its real content type.

    One redirect is followed, e.g. to a file store. `allows_http`: addresses without TLS are allowed too. Raises
    ProviderError, which is permanent if trying again would not help.
    """
    answer = _get(http, url, called, allows_http, max_bytes)
    if answer.status in _REDIRECTS:
        answer = _get(http, urljoin(url, answer.headers.get("location", "")), called, allows_http, max_bytes)
    if answer.status in _GONE:
        raise _for_good("file_gone", N_("The file is no longer at its address"))
    if answer.status in (408, 429) or answer.status >= 500:
        raise _for_now(f"http_{answer.status}", answer.status)
    if answer.status != 200:
        raise _for_good(f"http_{answer.status}", N_("We cannot download the file"))
    return FetchedMedia(answer.body, _checked_type(answer, filename))


def _get(http: HttpClient, url: str, called: Endpoint, allows_http: bool, max_bytes: int) -> HttpResponse:
    if urlsplit(url).scheme.lower() not in (("https", "http") if allows_http else ("https",)):
        raise _for_good("file_bad_url", _FOR_GOOD["bad_url"])
    try:
        return http.request("GET", url, called=called, read_timeout=30, deadline=60, max_bytes=max_bytes)
    except HttpFailure as failure:
        if failure.kind in _FOR_GOOD:
            raise _for_good(f"file_{failure.kind}", _FOR_GOOD[failure.kind]) from failure
        raise _for_now(f"network_{failure.kind}", failure.status) from failure


def _checked_type(answer: HttpResponse, filename: str) -> str:
    """Return the content type that the file's bytes show. If they show none, return the type that the server claims.

    A claimed image type is not believed: the result is then application/octet-stream. Raises ProviderError if the file is
    empty or a web page.
    """
    if not answer.body:
        raise _for_good("file_empty", N_("The file is empty"))
    found = real_content_type("", answer.body, filename=filename)
    claimed = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    if claimed == "text/html" and not filename.lower().endswith((".html", ".htm")):
        raise _for_good("file_page", N_("The link leads to a web page, not a file"))
    return found if found != _ANY or claimed.startswith("image/") else claimed or _ANY


def _for_good(code: str, title: str) -> ProviderError:
    return ProviderError(Reason(code, title, advice=N_("Ask the sender to send the file again.")), permanent=True)


def _for_now(code: str, status: int | None) -> ProviderError:
    reason = Reason(
        code,
        N_("We could not reach the server where the file is stored", "We could not reach the file"),
        advice=N_("We will retry automatically."),
    )
    return ProviderError(reason, permanent=False, status_code=status)

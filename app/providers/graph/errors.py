"""Translate refusals of Graph and Entra into `ProviderError`: what they mean, whether to retry, what a person can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.contract.base import ProviderError, Reason
from app.core.clock import utc_now
from app.core.http import HttpFailure, HttpResponse
from app.core.retry_after import read_retry_after
from app.core.text import mark as N_

_TOKEN_RETRY_SECONDS = 300.0
_LONGEST_WAIT_SECONDS = 3600.0
_SYNC_LOST = ("syncstatenotfound", "syncstateinvalid", "resyncrequired")


@dataclass(frozen=True)
class _Meaning:
    title: str
    advice: str = ""
    permanent: bool = True
    channel_down: bool = False


_GRANT = N_("Ask the Microsoft 365 administrator to grant the application access to this mailbox, then check the channel again")
_BY_CODE: Mapping[str, _Meaning] = {
    "invalidauthenticationtoken": _Meaning(
        N_("Microsoft refused our sign-in"), N_("Check the channel's credentials"), False, True
    ),
    "erroraccessdenied": _Meaning(N_("The application has no access to the mailbox"), _GRANT, False, True),
    "authorization_requestdenied": _Meaning(N_("The application lacks a permission"), _GRANT, False, True),
    "errorsendasdenied": _Meaning(
        N_("This mailbox is not allowed to send from that address"),
        N_(
            "Grant the “Send As” permission on the address, or send from the mailbox's own address",
            "Grant Send As on the address, or use the mailbox's own",
        ),
    ),
    "erroritemnotfound": _Meaning(
        N_("The email is not in the mailbox (any more)"), N_("The email was deleted or moved to the archive"), False
    ),
    "errorinvaliduser": _Meaning(N_("The mailbox does not exist"), N_("Check the address of the channel"), False, True),
    "mailboxnotenabledforrestapi": _Meaning(
        N_("The mailbox is not in Exchange Online"), N_("Check the mailbox's licence and location"), False, True
    ),
    "errorquotaexceeded": _Meaning(
        N_("The mailbox is full"),
        N_("Make room in this channel's mailbox: it cannot receive email either", "Make room: incoming mail bounces too"),
        False,
        True,
    ),
    "errormessagesizeexceeded": _Meaning(
        N_("The email is too large to send from this mailbox"), N_("Send smaller attachments, or a link")
    ),
    "errorinvalidrecipients": _Meaning(N_("A recipient's address is invalid"), N_("Correct the address and send again")),
    "errorinvalididmalformed": _Meaning(N_("The provider does not recognise the message's ID")),
    "errorirresolvableconflict": _Meaning(
        N_("Someone else has since changed the draft"), N_("Nothing to do: we will retry"), False
    ),
    "invalidinternetmessageheader": _Meaning(
        N_("The email has a header that the provider does not allow", "A header is not allowed")
    ),
    "invalidinternetmessageheadercollection": _Meaning(
        N_("The email has more headers than the provider allows", "Too many headers")
    ),
}
_BY_STATUS: Mapping[int, _Meaning] = {
    401: _BY_CODE["invalidauthenticationtoken"],
    403: _BY_CODE["erroraccessdenied"],
    404: _BY_CODE["erroritemnotfound"],
    408: _Meaning(N_("The provider was too slow"), permanent=False),
    409: _Meaning(
        N_(
            "The provider is still saving another change to the same email or appointment",
            "The provider is busy with the same item",
        ),
        permanent=False,
    ),
    412: _BY_CODE["errorirresolvableconflict"],
    413: _BY_CODE["errormessagesizeexceeded"],
    423: _Meaning(N_("The mailbox is temporarily locked"), permanent=False),
    429: _Meaning(N_("Rate limit of the provider reached"), N_("Nothing to do: we will retry"), False),
    507: _BY_CODE["errorquotaexceeded"],
}
_BY_AADSTS: Mapping[int, tuple[str, str]] = {
    7000222: (N_("The application's secret has expired"), N_("Create a new secret in Entra and save it in the channel")),
    7000215: (N_("The application's secret is wrong"), N_("Save the secret's value, not its ID, in the channel")),
    700016: (
        N_("The application is unknown in this tenant"),
        N_("Check the client ID and the consent for the application"),
    ),
    90002: (N_("The tenant does not exist"), N_("Check the tenant ID")),
    65001: (N_("The application has no consent"), N_("Ask an administrator to grant consent")),
    500011: (
        N_(
            "This installation uses a Microsoft Graph address that is unknown in this tenant",
            ("The tenant does not know the address of Microsoft Graph that this installation uses"),
            "The tenant does not know Microsoft Graph by this name",
        ),
        N_(
            "Ask an administrator whether GRAPH_BASE_URL and LOGIN_AUTHORITY of this installation match the tenant's cloud",
            "Check which Microsoft cloud is chosen in the channel's settings",
        ),
    ),
    53003: (N_("A conditional access policy blocks the application"), N_("Ask the administrator to allow the application")),
}


def refusal(response: HttpResponse, *, outcome_unknown: bool = False, permanent: bool = True) -> ProviderError:
    """Return the error for an unsuccessful Graph answer, whose body may be an HTML page or no JSON at all.

    `permanent=False` makes the error temporary whatever Graph says.
    """
    code, message = _code_and_message(response)
    meaning = _BY_CODE.get(code.lower()) or _BY_STATUS.get(response.status) or _unknown(response.status)
    return ProviderError(
        Reason(code or f"http_{response.status}", meaning.title, detail=message[:500], advice=meaning.advice),
        permanent=meaning.permanent and permanent,
        retry_after_seconds=read_retry_after(response.headers.get("retry-after"), now=utc_now(), most=_LONGEST_WAIT_SECONDS),
        outcome_unknown=outcome_unknown,
        channel_down=meaning.channel_down,
        status_code=response.status,
    )


def unreachable(failure: HttpFailure, *, outcome_unknown: bool = False) -> ProviderError:
    reason = Reason(f"network_{failure.kind}", N_("We could not reach the provider"), advice=N_("Nothing to do: we will retry"))
    return ProviderError(reason, permanent=False, outcome_unknown=outcome_unknown, status_code=failure.status)


def unreadable(what: str, *, outcome_unknown: bool = False) -> ProviderError:
    reason = Reason("unreadable_answer", N_("The provider's response is invalid"), detail=what)
    return ProviderError(reason, permanent=False, outcome_unknown=outcome_unknown)


def token_refusal(answer: Mapping[str, Any]) -> ProviderError:
    """Return the error for an answer of msal that contains no token.

    `answer` has the keys `error`, `error_description` and `error_codes` (AADSTS numbers).
    """
    numbers = [number for number in answer.get("error_codes") or () if isinstance(number, int)]
    known = next((number for number in numbers if number in _BY_AADSTS), None)
    title, advice = _BY_AADSTS[known] if known else (N_("Microsoft refused our sign-in"), N_("Check the channel's credentials"))
    code = f"AADSTS{(known or numbers[0])}" if numbers else str(answer.get("error") or "token_refused")
    detail = str(answer.get("error_description") or "").splitlines()[:1]
    return ProviderError(
        Reason(code, title, detail="".join(detail)[:500], advice=advice),
        permanent=False,
        channel_down=True,
        retry_after_seconds=_TOKEN_RETRY_SECONDS,
    )


def is_sync_lost(response: HttpResponse) -> bool:
    """Return whether the provider has forgotten a delta link, so that a new round must start."""
    code, _ = _code_and_message(response)
    return response.status == 410 or (400 <= response.status < 500 and code.lower() in _SYNC_LOST)


def _unknown(status: int) -> _Meaning:
    if status >= 500 or status < 400:
        return _Meaning(N_("The provider has an outage"), N_("Nothing to do: we will retry"), permanent=False)
    return _Meaning(N_("The provider refused the request"))


def _code_and_message(response: HttpResponse) -> tuple[str, str]:
    try:
        answer = response.json()
    except ValueError:
        return "", ""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or ""), str(error.get("message") or "")

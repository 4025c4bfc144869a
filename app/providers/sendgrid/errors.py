"""Translate SendGrid's refusals into `ProviderError`, and the reasons in its reports into words and advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.contract.base import ProviderError, Reason
from app.core.http import HttpFailure, HttpResponse
from app.core.retry_after import read_retry_after
from app.core.text import mark as N_

_AGAIN = N_("Nothing to do: we will retry")
_LONGEST_WAIT_SECONDS = 3600.0
# After these nobody knows whether the mail was taken before things went wrong.
_UNCERTAIN = frozenset({500, 502, 504})


@dataclass(frozen=True)
class _Meaning:
    title: str
    advice: str = ""
    permanent: bool = True
    channel_down: bool = False


_BY_STATUS: Mapping[int, _Meaning] = {
    400: _Meaning(
        N_("SendGrid cannot send the email as it is"),
        N_(
            "Read the message from SendGrid, correct the email and send it again",
            "Read its message, correct the mail and resend",
        ),
    ),
    401: _Meaning(
        N_("SendGrid rejected the API key"),
        N_("Create a new key in SendGrid and save it in the channel", "Create a new key there and save it in the channel"),
        False,
        True,
    ),
    403: _Meaning(
        N_("This SendGrid account cannot send from this address"),
        N_(
            "In SendGrid, authenticate the sender's domain and allow the API key to send email",
            "Authenticate the sender's domain there and allow the key to send mail",
        ),
        False,
        True,
    ),
    413: _Meaning(N_("The email exceeds SendGrid's size limit"), N_("Send smaller attachments, or a link")),
    429: _Meaning(N_("SendGrid rate limit reached"), _AGAIN, False),
}


def refusal(response: HttpResponse, *, now: datetime, acts: bool = True) -> ProviderError:
    """Return the error for an unsuccessful answer, also when its body is no JSON. `acts`: the call may have sent something."""
    meaning = _BY_STATUS.get(response.status) or _unknown(response.status)
    return ProviderError(
        Reason(f"sendgrid_{response.status}", meaning.title, detail=_words(response), advice=meaning.advice),
        permanent=meaning.permanent,
        retry_after_seconds=_wait(response, now),
        outcome_unknown=acts and response.status in _UNCERTAIN,
        channel_down=meaning.channel_down,
        status_code=response.status,
    )


def unreachable(failure: HttpFailure, *, acts: bool = True) -> ProviderError:
    """Return the error for a call without an answer. `acts`: the call may have sent something."""
    reason = Reason(f"network_{failure.kind}", N_("We could not reach SendGrid"), advice=_AGAIN)
    unknown = acts and failure.request_sent
    return ProviderError(reason, permanent=False, outcome_unknown=unknown, status_code=failure.status)


def dropped(event: Mapping[str, Any]) -> Reason:
    """Return the reason of a mail that SendGrid dropped because of its own suppression list."""
    return Reason(
        "sendgrid_dropped",
        N_(
            "SendGrid did not send the email: the address is on SendGrid's suppression list",
            "SendGrid did not send it: the address is on its suppression list",
        ),
        detail=_reason_of(event),
        advice=N_("Use another channel, or remove the address from the list"),
    )


def bounced(event: Mapping[str, Any]) -> Reason:
    return Reason(
        f"bounce_{str(event.get('status') or '')[:20]}".rstrip("_"),
        N_("The recipient's mail server bounced the email", "The recipient's mail server bounced it"),
        detail=_reason_of(event),
        advice=N_("Correct the address and send again"),
    )


def blocked(event: Mapping[str, Any]) -> Reason:
    return Reason(
        f"blocked_{str(event.get('status') or '')[:20]}".rstrip("_"),
        N_("The recipient's mail server did not accept the email", "The recipient's mail server has not accepted the mail yet"),
        detail=_reason_of(event),
        advice=N_("Resend it later, or use another channel"),
    )


def _reason_of(event: Mapping[str, Any]) -> str:
    return " ".join(str(event.get("reason") or event.get("response") or "").split())[:300]


def _unknown(status: int) -> _Meaning:
    if status >= 500 or status < 400:
        return _Meaning(N_("SendGrid has an outage"), _AGAIN, permanent=False)
    return _Meaning(N_("SendGrid refused the request"))


def _words(response: HttpResponse) -> str:
    """Return the error messages of SendGrid's answer as one text, each after the name of its field. Return "" if there are
    none."""
    try:
        errors = response.json()["errors"]
        told = [f"{one.get('field') or ''}: {one.get('message') or ''}".strip(": ") for one in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return " · ".join(told)[:300]


def _wait(response: HttpResponse, now: datetime) -> float | None:
    """Return the number of seconds to wait before the next try. Return None if SendGrid does not say it.

    After a 429 that is the time until the rate limit's window begins anew (X-RateLimit-Reset, unix seconds), or 30 if
    unknown.
    """
    if response.status != 429:
        return read_retry_after(response.headers.get("retry-after"), now=now, most=_LONGEST_WAIT_SECONDS)
    reset = response.headers.get("x-ratelimit-reset", "")
    if reset.isascii() and reset.isdigit():
        return min(max(float(reset) - now.timestamp(), 1.0), _LONGEST_WAIT_SECONDS)
    return read_retry_after(response.headers.get("retry-after"), now=now, most=_LONGEST_WAIT_SECONDS) or 30.0

"""List each error of the partner API with its meaning and what to do. The `type` of an error is the URL of its page
(`docs.py`)."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.problems import Problem
from app.core.runtime import runtime

PATH = "/partners/errors"
# By code: what happened, what to do, and whether the same request may be sent again.
ADVICE: Mapping[str, tuple[str, str, bool]] = {
    "malformed_json": (
        "The body cannot be read as JSON.",
        "Send it as UTF-8 without a byte order mark, each string and bracket closed.",
        False,
    ),
    "bad_header": (
        "A header has a form that nobody can understand.",
        "`detail` names it. Mend it and send the request again.",
        False,
    ),
    "two_credentials": (
        "`Authorization` and `X-API-Key` name different keys.",
        "Send one of them, or the same key in both.",
        False,
    ),
    "unauthenticated": (
        "There is no key that works: it is missing, mistyped, ended, or its partner is off. The answer does not say which.",
        "Look at Calls in the portal: the reason stands there. Then use another key, or make one.",
        False,
    ),
    "signature_missing": (
        "The key takes signed requests alone, and this one lacks a header.",
        "Send `X-Timestamp`, `X-Nonce` and `X-Signature`.",
        False,
    ),
    "signature_invalid": (
        "The signature is not that of this request.",
        "Sign the bytes you send, with method, path and query exactly as they are sent: nothing written again or decoded.",
        False,
    ),
    "timestamp_out_of_window": (
        "`X-Timestamp` is more than 300 seconds away.",
        "Set your clock by `server_time` in the answer, and sign again.",
        True,
    ),
    "nonce_reused": ("The nonce was used before.", "Make a new one for every request, also when you send the same again.", True),
    "scope_missing": (
        "The key may not do this; `detail` names what it lacks.",
        "Make a key with that scope in the portal.",
        False,
    ),
    "ip_not_allowed": (
        "The key works from agreed addresses alone, and this is none of them.",
        "Tell us the address your program calls from.",
        False,
    ),
    "not_found": (
        "There is no such order or partner, or none that is yours.",
        "Compare the number, your name in the address, and whether the key is of the sandbox or of live orders.",
        False,
    ),
    "method_not_allowed": ("The address exists, but not for this method.", "`Allow` in the answer says which there are.", False),
    "not_acceptable": ("Nothing here has the form `Accept` asks for.", "Accept `application/json`.", False),
    "state_conflict": (
        "The state of the order does not allow this any more.",
        "`order_status` says where it is, `allowed` what can follow.",
        False,
    ),
    "payload_too_large": ("The body is larger than 256 kB.", "Send one order at a time, and files apart from it.", False),
    "unsupported_media_type": (
        "The body is not sent as `application/json`, or it is compressed.",
        "Set `Content-Type`, and send it as it is.",
        False,
    ),
    "validation_failed": (
        "Some fields are not right; `errors` has all of them with their places.",
        "Mend them and send the order again.",
        False,
    ),
    "quota-exceeded": (
        "You called more often than was agreed; `violated-policies` says which limit it was.",
        "Wait `Retry-After` seconds.",
        True,
    ),
    "internal": (
        "Something went wrong on our side.",
        "Send it again later: a number is never taken twice. `instance` finds it in our log.",
        True,
    ),
    "temporary-reduced-capacity": (
        "We cannot answer at this moment.",
        "Wait `Retry-After` seconds and send it again: a number is never taken twice.",
        True,
    ),
}


def type_of(problem: Problem) -> dict[str, str]:
    """Return {"type": URL of the error's page}, or {} if the error has no page."""
    return {"type": f"{runtime().settings.public_url}{PATH}/{problem.code}"} if problem.code in ADVICE else {}

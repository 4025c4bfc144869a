"""Who may use an address, for the table of every URL.

Of Mia, a manager, of Rita, who reads only, of Theo, a technician with a visit about the thread of the world, and of Paula,
somebody of a partner, the table says nothing: what they are answered follows from what Alice is, and from the lists in
tests/web/accounts/narrow_roles.py (`expected_of`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IN = "in"  # anything but a refusal: 2xx, 3xx to somewhere else than signing in, 409, 422 …
SIGN_IN = "sign in"  # 303 to /sign-in
Verdict = str | int


@dataclass(frozen=True)
class Audience:
    """What each of the people is answered."""

    nobody: Verdict
    alice: Verdict
    leila: Verdict
    root: Verdict
    mallory: Verdict
    moritz: Verdict
    mia: Verdict | None = None  # a manager of the brand; None: what Leila is, but for what leads alone do
    rita: Verdict | None = None  # where it is not what `expected_of` says
    theo: Verdict | None = None
    paula: Verdict | None = None


GONE = Audience(410, 410, 410, 410, 410, 410)  # a link that is none
PUBLIC = Audience(IN, IN, IN, IN, IN, IN)
SET_UP = Audience(SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN, SIGN_IN)  # closed, as there are people
SIGNED_IN = Audience(SIGN_IN, IN, IN, IN, IN, IN)
BRAND = Audience(SIGN_IN, IN, IN, IN, 404, 404)
LEADS = Audience(SIGN_IN, 403, IN, IN, 403, IN)
LEADS_OF_BRAND = Audience(SIGN_IN, 403, IN, IN, 403, 404)
MANAGERS = Audience(SIGN_IN, 403, 403, IN, 403, 403, mia=IN)
MANAGERS_OF_BRAND = Audience(SIGN_IN, 403, 403, IN, 403, 403, mia=IN)
ADMINS = Audience(SIGN_IN, 403, 403, IN, 403, 403)
ALICE_ALONE = Audience(SIGN_IN, IN, 404, 404, 404, 404)
UNSIGNED = Audience(401, 401, 401, 401, 401, 401)  # webhooks: no session helps, only a signature
HANDSHAKE = Audience(403, 403, 403, 403, 403, 403)
TOKEN = Audience(401, IN, IN, IN, IN, IN)  # the JSON API: a bearer token, never the cookie
TOKEN_OF_BRAND = Audience(401, IN, IN, IN, 404, 404)
TOKEN_OF_ADMINS = Audience(401, 403, 403, IN, 403, 403)
TOKEN_OF_ADMINS_OF_BRAND = Audience(401, 403, 403, IN, 404, 404)
TOKEN_OF_LEADS = Audience(401, 403, IN, IN, 404, 404)
TOKEN_OF_ANY_LEAD = Audience(401, 403, IN, IN, 403, IN)
TOKEN_OF_IMPORTERS = Audience(401, 403, IN, IN, 403, 404)  # asked first whether they may import at all


@dataclass(frozen=True)
class Entry:
    """One route and method, how to call it, and for whom it is. `ids` go into the URL before those of the world; "{thread_id}" in
    `query` is filled in like in the URL."""

    method: str
    rule: str
    audience: Audience
    data: Mapping[str, Any] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    query: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


def api(method: str, path: str, audience: Audience, json: Mapping[str, Any] | None = None, **rest: Any) -> tuple[Entry, Entry]:
    """The bare path and its twin under /api/v1."""
    return (
        Entry(method, f"/api{path}", audience, json=json, **rest),
        Entry(method, f"/api/v1{path}", audience, json=json, **rest),
    )


def partner_api(method: str, path: str) -> tuple[Entry, Entry]:
    """An address of the partner API, bare and under /api/v1: for partners' keys, never for users' tokens or cookies."""
    return Entry(method, path, UNSIGNED), Entry(method, f"/api/v1{path}", UNSIGNED)


def change(path: str, audience: Audience, json: Mapping[str, Any]) -> tuple[Entry, ...]:
    """PUT and PATCH, which do the same."""
    return (*api("PUT", path, audience, json=json), *api("PATCH", path, audience, json=json))


def hook(method: str, path: str, audience: Audience) -> tuple[Entry, Entry]:
    return Entry(method, f"/webhooks{path}", audience), Entry(method, f"/api/v1/webhooks{path}", audience)

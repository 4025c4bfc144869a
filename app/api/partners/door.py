"""Check every request of the partner API before its body is read (key, signature, rate limit), and set the headers of every
answer.

Cheap and safe checks come first: address limit, size, key, network, limit of the key, time, signature, nonce, scope, and the
partner in the path. A failure of our own is never reported as a wrong key.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, g, request
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.api.authorize import parse_json
from app.api.partners.errors import type_of
from app.core.caller import caller_address
from app.core.clock import utc_now
from app.core.csrf import csrf
from app.core.db import autocommitted_session, db, transaction
from app.core.limits import Level, Limit
from app.core.log import get_logger
from app.core.paging import BadCursor
from app.core.problems import Problem, invalid, problem_from, problem_response, request_id
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.partners.callers import PartnerCaller, find_caller, note_used, use_nonce
from app.domain.partners.calls import Call, keep_call, keep_refused_call
from app.domain.partners.models import Partner, Scope
from app.domain.partners.signature import NONCE, TOLERANCE_SECONDS, SignedRequest, is_of_now, is_signed

BODY_BYTES = 256 * 1024
ADDRESS = "partner-address"  # the limit of each address; as many a minute as API_CALLS_PER_MINUTE
WRONG_KEYS = Limit("partner-wrong-keys", 30, 60)
KEY, POLL = "key", "poll"
QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Switchyard partners"'}
SCOPE_OF: dict[str, Scope] = {}
log = get_logger(__name__)
bp = Blueprint("partner_api", __name__)
csrf.exempt(bp)  # a key in a header is never sent by a browser on its own


@dataclass(frozen=True)
class _Signing:
    signature: str
    timestamp: str
    nonce: str


def operation(method: str, *paths: str, scope: Scope) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that registers a view at all these paths. The first path is the canonical one."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        for number, path in enumerate(paths):
            endpoint = f"{view.__name__}_{number}" if number else view.__name__
            SCOPE_OF[f"{bp.name}.{endpoint}"] = scope
            bp.add_url_rule(path, endpoint, view, methods=[method])
        return view

    return decorate


def current_caller() -> PartnerCaller:
    """Return the caller of this request: the partner's key and what it allows."""
    caller: PartnerCaller = g.partner_caller
    return caller


def current_partner() -> Partner:
    """Return the partner whose key this request carries."""
    return current_caller().partner


def read_json() -> dict[str, Any]:
    """Return the request's body as a dict. Raises `Problem` if the body is no JSON object or has characters that cannot be
    stored."""
    if not request.is_json:
        raise Problem("unsupported_media_type", "Send the body as application/json")
    content = request.get_data(cache=True)
    body = parse_json(content)
    if not isinstance(body, dict):
        raise invalid("", "the body must be a JSON object")
    text = json.dumps(body, ensure_ascii=False)
    if storable(text) != text or "\\u0000" in text:
        raise invalid("", "contains characters that cannot be stored (NUL or half of a surrogate pair)")
    return body


def json_answer(body: dict[str, Any], status: int = 200) -> Response:
    """Return a JSON response whose members keep the order of `body`."""
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")


def spend(limit: Limit, whom: str) -> None:
    """Count one call of `whom` against a limit. Raises `Problem` if the limit is used up."""
    level = runtime().limits.take(limit, whom)
    if level is None:
        return
    g.setdefault("partner_levels", {})[limit.name] = level
    if level.wait_seconds:
        more = {"type": QUOTA_TYPE, "violated-policies": [limit.name]}
        raise Problem("quota-exceeded", f"Too many requests: wait {level.retry_after} seconds", more=more)


@bp.before_request
def _enter() -> None:
    g.partner_began = time.monotonic()
    if request.method == "OPTIONS" or request.endpoint not in SCOPE_OF:
        return
    if calls := runtime().settings.api_calls_per_minute:
        spend(Limit(ADDRESS, calls, 60), caller_address())
    g.partner_levels = {}  # tells nothing of the address limit before it is used up
    request.max_content_length = BODY_BYTES
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem("unsupported_media_type", "Send the body as it is, without a Content-Encoding")
    body = request.get_data(cache=True)
    caller = _authenticate()
    if not caller.may_call_from(request.remote_addr or ""):
        raise Problem("ip_not_allowed", f"This key may not be used from {request.remote_addr}")
    spend(Limit(KEY, caller.calls_per_minute, 60), str(caller.key_id))
    signing = _check_signature(caller, body)
    if not _note_use(caller, signing):
        raise Problem("nonce_reused", "Each request has a nonce of its own: send it again with a new one")
    scope = SCOPE_OF[request.endpoint]
    if scope not in caller.scopes:
        raise Problem("scope_missing", f"The key lacks the scope {scope.value}")
    named = (request.view_args or {}).get("partner")
    if named is not None and named.lower() not in (caller.slug, str(caller.partner_id)):
        raise Problem("not_found", "There is no such partner, or it is not the one of this key")


def _note_use(caller: PartnerCaller, signing: _Signing | None) -> bool:
    """Record the use of the key and of the request's nonce. Return False if the nonce was used before."""
    if signing is None and caller.is_noted:
        return True
    with autocommitted_session() as session:
        note_used(session, caller, ip=request.remote_addr or "", now=utc_now())
        return signing is None or use_nonce(session, caller, signing.nonce, now=utc_now())


def _authenticate() -> PartnerCaller:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = [bearer.strip()] if scheme.lower() == "bearer" and bearer.strip() else []
    given += [one] if (one := request.headers.get("X-API-Key", "").strip()) else []
    if len(set(given)) > 1:
        raise Problem("two_credentials", "Authorization and X-API-Key name different keys: send one of them")
    with transaction() as session:
        caller = find_caller(session, given[0], now=utc_now()) if given else None
    if caller is None:
        g.partner_key_text = given[0] if given else ""
        spend(WRONG_KEYS, caller_address())
        raise Problem("unauthenticated", "Send a valid key as `Authorization: Bearer …` or `X-API-Key`", headers=CHALLENGE)
    g.partner_caller = caller
    return caller


def _check_signature(caller: PartnerCaller, body: bytes) -> _Signing | None:
    """Check the signature of the request and return its parts. Return None if the request has no signature and the key needs
    none.

    Raises `Problem` if a part is missing or wrong, or the timestamp is too far from now.
    """
    names = ("X-Signature", "X-Timestamp", "X-Nonce")
    signing = _Signing(*(request.headers.get(name, "").strip() for name in names))
    if not signing.signature and not caller.requires_signature:
        return None
    if missing := [name for name, value in zip(names, vars(signing).values(), strict=True) if not value]:
        raise Problem("signature_missing", f"Send {', '.join(missing)} as well", headers=CHALLENGE)
    now = time.time()
    if not is_of_now(signing.timestamp, now_seconds=now):
        more = {"server_time": int(now), "window_seconds": TOLERANCE_SECONDS}
        raise Problem("timestamp_out_of_window", "X-Timestamp is not within 300 seconds of server_time", more=more)
    if not NONCE.fullmatch(signing.nonce):
        raise Problem("bad_header", "X-Nonce must have 16 to 64 letters, figures, hyphens and underscores")
    path, query = _raw_target()
    signed = SignedRequest(request.method, path, query, signing.timestamp, signing.nonce, body)
    if not is_signed(signed, signing.signature, [caller.signing_secret(runtime().keyring)]):
        raise Problem("signature_invalid", "X-Signature is not that of this method, path, query, time, nonce and body")
    return signing


def _raw_target() -> tuple[str, str]:
    """Return path and query of the request byte for byte as they were sent."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.full_path.rstrip("?"))
    if not raw.startswith("/"):  # a request may name its whole address
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    path, _, query = raw.partition("?")
    return path, query


@bp.errorhandler(Problem)
def _refuse(problem: Problem) -> Response:
    g.partner_problem = problem
    return problem_response(replace(problem, more={"success": False, **type_of(problem), **problem.more}))  # type: ignore[return-value]


@bp.errorhandler(HTTPException)
def _refuse_http(error: HTTPException) -> Response:
    return _refuse(problem_from(error))


@bp.errorhandler(BadCursor)
def _refuse_cursor(error: BadCursor) -> Response:
    return _refuse(invalid("cursor", str(error)))


@bp.errorhandler(OperationalError)
@bp.errorhandler(InterfaceError)
@bp.errorhandler(PoolTimeout)
def _unavailable(error: Exception) -> Response:
    log.error("partner_api_unavailable", error=type(error).__name__)
    return _refuse(Problem("temporary-reduced-capacity", headers={"Retry-After": "5"}))


@bp.after_request
def _leave(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    levels: dict[str, Level] = g.get("partner_levels") or {}
    told = [level.headers() for level in levels.values()]
    for name in ("RateLimit-Policy", "RateLimit"):
        if told:
            response.headers[name] = ", ".join(one[name] for one in told)
    waits = [level.retry_after for level in levels.values() if level.wait_seconds]
    if waits:
        response.headers["Retry-After"] = str(max(waits))
    if request.endpoint in SCOPE_OF and request.method != "OPTIONS":
        with suppress(SQLAlchemyError):  # a failing log must not fail the answer
            _keep(response)
    return response


def _keep(response: Response) -> None:
    problem: Problem | None = g.get("partner_problem")
    caller: PartnerCaller | None = g.get("partner_caller")
    call = Call(
        id=uuid.UUID(request_id()),
        method=request.method,
        path=storable(request.path),
        partner_order_id=storable(str(g.get("partner_order_id", (request.view_args or {}).get("partner_order_id", ""))))[:100],
        status=response.status_code,
        code=problem.code if problem else "",
        detail=_detail(problem),
        is_repeat=response.headers.get("Idempotent-Replayed") == "true",
        took_ms=round((time.monotonic() - g.partner_began) * 1000),
        ip=request.remote_addr or "",
    )
    if caller is None and problem is not None and problem.code != "unauthenticated":
        return
    db.session.rollback()  # what was read is in the answer; its connection is free for others now
    with autocommitted_session() as session:
        if caller is not None:
            keep_call(session, call, caller=caller, now=utc_now())
        else:
            named = str((request.view_args or {}).get("partner", ""))
            keep_refused_call(session, call, partner_name=named, key_text=g.get("partner_key_text", ""), now=utc_now())


def _detail(problem: Problem | None) -> str:
    """Return a text that says what was wrong, without the values that were sent. Return "" if `problem` is None."""
    if problem is None:
        return ""
    faults = "; ".join(f"{error.field}: {error.message}" for error in problem.errors[:10])
    return storable(faults or problem.detail)

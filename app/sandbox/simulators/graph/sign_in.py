"""Simulate Entra's sign-in for people: the page where somebody chooses a user or refuses, then codes and refresh tokens.

GET  /<tenant>/oauth2/v2.0/authorize   the page; its buttons POST to the same address with `user` or `refuse`
POST /__sim/revoke-sign-ins            every access and refresh token ends, as after a changed password
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.graph.entra import Refused, Token, check_client
from app.sandbox.simulators.graph.store import Json
from app.sandbox.simulators.graph.tenant import Tenant

_NEEDED = ("client_id", "redirect_uri", "state", "scope", "code_challenge")


@dataclass(frozen=True)
class Grant:
    """The consent of one user: the scopes, our redirect address and the PKCE challenge of the sign-in."""

    user: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    nonce: str


def sign_in_routes(tenant: Tenant) -> Blueprint:
    routes = Blueprint("graph_sign_in", __name__)

    @routes.get("/<tenant_id>/oauth2/v2.0/authorize")
    def choose(tenant_id: str) -> Response:
        if any(not request.args.get(name) for name in _NEEDED) or request.args.get("code_challenge_method") != "S256":
            return Response("AADSTS900144: The request must contain PKCE, a state and an address.", status=400)
        people = "".join(f'<p><button name="user" value="{escape(one)}">{escape(one)}</button></p>' for one in _people(tenant))
        refuse = '<p><button name="refuse" value="1">Refuse</button></p>'
        page = f"<!doctype html><title>Sign in</title><h1>Simulated Microsoft</h1><form method=post>{people}{refuse}</form>"
        return Response(page)

    @routes.post("/<tenant_id>/oauth2/v2.0/authorize")
    def agree(tenant_id: str) -> Response:
        asked, user = request.args, request.form.get("user", "")
        if request.form.get("refuse") or user not in _people(tenant):
            back = {"error": "access_denied", "error_description": "AADSTS65004: The user declined to consent."}
        else:
            code = secrets.token_urlsafe(32)
            scopes, nonce = tuple(asked["scope"].split()), asked.get("nonce", "")
            tenant.codes[code] = Grant(user, scopes, asked["redirect_uri"], asked["code_challenge"], nonce)
            back = {"code": code}
        return Response(
            status=302, headers={"Location": f"{asked['redirect_uri']}?{urlencode({**back, 'state': asked['state']})}"}
        )

    @routes.post("/__sim/revoke-sign-ins")
    def revoke() -> Response:
        tenant.refreshes.clear()
        tenant.tokens.clear()
        return jsonify(ok=True)

    return routes


def tokens_of_user(tenant: Tenant) -> Json:
    """Return Entra's token answer for an authorization code with its verifier, or for a refresh token.

    Raises `Refused` if the client, the code or the refresh token is not valid.
    """
    check_client(tenant)
    grant = _of_code(tenant) if request.form["grant_type"] == "authorization_code" else _of_refresh(tenant)
    seconds = tenant.settings.token_seconds
    token, refresh = f"user.{secrets.token_urlsafe(48)}", secrets.token_urlsafe(48)
    roles = tuple(one.removesuffix(".Shared") for one in grant.scopes if one.startswith(("Mail.", "Calendars.")))
    tenant.tokens[token] = Token(tenant.now() + timedelta(seconds=seconds), (*roles, "Mail.Read"), grant.user)
    tenant.refreshes[refresh] = grant
    about = {"uid": hashlib.md5(grant.user.encode(), usedforsecurity=False).hexdigest(), "utid": tenant.settings.tenant_id}
    return {
        "token_type": "Bearer",
        "expires_in": seconds,
        "scope": " ".join(grant.scopes),
        "access_token": token,
        "refresh_token": refresh,
        "id_token": _id_token(tenant, grant),
        "client_info": _encoded(about),
    }


def _of_code(tenant: Tenant) -> Grant:
    """Return the consent that belongs to the authorization code of the request. A code works once.

    Raises `Refused` if the code, the redirect address or the code verifier is wrong.
    """
    grant = tenant.codes.pop(request.form.get("code", ""), None)
    if grant is None or grant.redirect_uri != request.form.get("redirect_uri"):
        raise Refused(400, "invalid_grant", 70008, "The provided authorization code has expired or is not known.")
    proof = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
    if base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != grant.challenge:
        raise Refused(400, "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge.")
    return grant


def _of_refresh(tenant: Tenant) -> Grant:
    grant = tenant.refreshes.get(request.form.get("refresh_token", ""))
    if grant is None:
        raise Refused(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked.")
    return grant


def _id_token(tenant: Tenant, grant: Grant) -> str:
    now, settings = int(tenant.now().timestamp()), tenant.settings
    claims = {
        "iss": f"https://{request.host}/{settings.tenant_id}/v2.0",
        "aud": settings.client_id,
        "iat": now,
        "exp": now + 3600,
        "sub": grant.user,
        "nonce": grant.nonce,
        "preferred_username": grant.user,
        "tid": settings.tenant_id,
    }
    return f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}.simulated"


def _encoded(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _people(tenant: Tenant) -> tuple[str, ...]:
    shared = {one.lower() for one in tenant.settings.shared_mailboxes}
    known = tenant.settings.mailboxes or tuple(mailbox.address for mailbox in tenant.store)
    return tuple(one for one in known if one.lower() not in shared)

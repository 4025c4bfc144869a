"""Simulate Entra for applications: discovery and tokens. Answers are worded as Entra words them."""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.graph.entra import Refused, Token, check_client
from app.sandbox.simulators.graph.sign_in import tokens_of_user
from app.sandbox.simulators.graph.tenant import Tenant


def login_routes(tenant: Tenant) -> Blueprint:
    routes = Blueprint("graph_login", __name__)

    @routes.get("/<tenant_id>/v2.0/.well-known/openid-configuration")
    def discover(tenant_id: str) -> Response:
        _check_tenant(tenant, tenant_id)
        root = f"https://{request.host}/{tenant.settings.tenant_id}"
        return jsonify(
            issuer=f"{root}/v2.0",
            authorization_endpoint=f"{root}/oauth2/v2.0/authorize",
            token_endpoint=f"{root}/oauth2/v2.0/token",
        )

    @routes.post("/<tenant_id>/oauth2/v2.0/token")
    def give_token(tenant_id: str) -> Response:
        _check_tenant(tenant, tenant_id)
        if request.form.get("grant_type") in ("authorization_code", "refresh_token"):
            return jsonify(tokens_of_user(tenant))
        _check_grant(tenant)
        seconds = tenant.settings.token_seconds
        token = f"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{secrets.token_urlsafe(48)}.simulated"
        tenant.tokens[token] = Token(tenant.now() + timedelta(seconds=seconds), tenant.settings.roles)
        return jsonify(token_type="Bearer", expires_in=seconds, ext_expires_in=seconds, access_token=token)  # noqa: S106

    @routes.get("/<tenant_id>/adminconsent")
    def consent(tenant_id: str) -> Response:
        _check_tenant(tenant, tenant_id)
        back = f"{request.args['redirect_uri']}?admin_consent=True&tenant={tenant_id}&state={request.args.get('state', '')}"
        return Response(status=302, headers={"Location": back})

    @routes.errorhandler(Refused)
    def refuse(refused: Refused) -> tuple[Response, int]:
        description = f"AADSTS{refused.number}: {refused.text}\r\nTrace ID: simulated"
        return jsonify(error=refused.error, error_description=description, error_codes=[refused.number]), refused.status

    return routes


def _check_tenant(tenant: Tenant, tenant_id: str) -> None:
    if tenant_id.lower() not in (tenant.settings.tenant_id.lower(), "common", "organizations", "consumers"):
        raise Refused(400, "invalid_tenant", 90002, f"Tenant '{tenant_id}' not found.")


def _check_grant(tenant: Tenant) -> None:
    form = request.form
    if form.get("grant_type") != "client_credentials":
        raise Refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    check_client(tenant)
    scope = form.get("scope", "")
    # msal asks for openid scopes as well when it is given none of its own; the resource must be Graph's or this server.
    if f"{request.host}/.default" not in scope and "graph.microsoft.com/.default" not in scope:
        raise Refused(400, "invalid_resource", 500011, f"The resource principal named {scope} was not found in the tenant.")

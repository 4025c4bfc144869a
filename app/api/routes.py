"""Put together the JSON API under /api/v1 and /api, its OpenAPI document at /openapi.json, and its page at /docs."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import flask_openapi3_swagger  # type: ignore[import-untyped]
from flask import Blueprint, Response, current_app, render_template, request, send_from_directory
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.openapi import OpenAPI

from app.api import (
    appointments,
    attachments,
    brands,
    channels,
    contacts,
    directory,
    external,
    external_whatsapp,
    imports,
    messages,
    orders,
    partners_admin,
    people,
    reports,
    search,
    tasks,
    templates,
    threads,
    usage,
    webhooks,
)
from app.api.authorize import check_request, tell_limits
from app.api.document import build_document
from app.api.problems import answer_problems, install_validation
from app.api.registry import ALIAS, CANONICAL, build_blueprint
from app.core.csrf import csrf
from app.core.problems import request_id

SWAGGER = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"
OPERATIONS = tuple(
    operation
    for routes in (
        threads.routes,
        messages.routes,
        attachments.routes,
        contacts.routes,
        tasks.routes,
        orders.routes,
        imports.routes,
        partners_admin.routes,
        appointments.routes,
        external.routes,
        external_whatsapp.routes,
        templates.routes,
        directory.channel_routes,
        channels.routes,
        directory.user_routes,
        people.user_routes,
        directory.team_routes,
        people.team_routes,
        brands.routes,
        reports.routes,
        usage.routes,
        search.routes,
        webhooks.routes,
    )
    for operation in routes.operations
)
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def _api(name: str, prefix: str) -> APIBlueprint:
    blueprint = build_blueprint(name, prefix, OPERATIONS)
    blueprint.before_request(_check)
    blueprint.after_request(_number)
    blueprint.after_request(tell_limits)
    answer_problems(blueprint)
    csrf.exempt(blueprint)  # a token in a header is never sent by a browser on its own
    return blueprint


def _check() -> None:
    if request.method != "OPTIONS" and request.endpoint:
        check_request(BY_NAME[request.endpoint.rpartition(".")[2]])


def _number(response: Response) -> Response:
    response.headers["X-Request-Id"] = request_id()
    return response


docs = Blueprint("api_docs", __name__)


@docs.record_once
def _install(state: BlueprintSetupState) -> None:
    install_validation(state.app)


@docs.get("/openapi.json")
def openapi() -> ResponseReturnValue:
    """Serve the OpenAPI document. It changes only with a release."""
    text = _document(current_app._get_current_object())  # type: ignore[attr-defined]
    response = Response(text, mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@cache
def _document(app: OpenAPI) -> str:
    return json.dumps(build_document(app, OPERATIONS), ensure_ascii=False)  # in the order of the models


@docs.get("/docs")
def browse() -> ResponseReturnValue:
    """Serve the OpenAPI document as a page. All files of the page come from this server, so it works without internet."""
    return render_template("api/docs.html")


@docs.get("/docs/assets/<path:filename>")
def asset_file(filename: str) -> ResponseReturnValue:
    """Serve a file of Swagger UI, as shipped in its package."""
    response = send_from_directory(SWAGGER, filename)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


blueprints = (_api("api_v1", CANONICAL), _api("api", ALIAS), docs)

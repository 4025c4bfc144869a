"""Serve the simulated WhatsApp's own paths: `/{version}/{id}[/{edge}]` and the file host's path."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.whatsapp_cloud.files import Files
from app.sandbox.simulators.whatsapp_cloud.graph_error import GraphError, missing_node
from app.sandbox.simulators.whatsapp_cloud.sending import Desk
from app.sandbox.simulators.whatsapp_cloud.settings import Number, Settings
from app.sandbox.simulators.whatsapp_cloud.store import Store
from app.sandbox.simulators.whatsapp_cloud.template_list import Templates

VERSIONS = ("v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0")
_READABLE_DAYS = 30


def provider_routes(store: Store, desk: Desk, settings: Callable[[], Settings], subscribe: Callable[[bool], None]) -> Blueprint:
    """Return the routes of the provider's API. `subscribe(is_on)` switches the webhook subscription of the app on or off."""
    platform = Platform(store, desk, settings, subscribe)
    routes = Blueprint("cloud_api", __name__)
    routes.before_request(platform.let_in)
    for path, methods, view in (
        ("/<version>/<node>/messages", ["POST"], platform.send),
        ("/<version>/<node>/media", ["POST"], platform.upload),
        ("/<version>/<node>/message_templates", ["GET", "POST", "DELETE"], platform.templates),
        ("/<version>/<node>/phone_numbers", ["GET"], platform.numbers),
        ("/<version>/<node>/subscribed_apps", ["GET", "POST", "DELETE"], platform.subscription),
        ("/<version>/<node>/register", ["POST"], platform.register),
        ("/<version>/<node>/block_users", ["GET", "POST", "DELETE"], platform.block),
        ("/<version>/<node>", ["GET", "DELETE"], platform.node),
    ):
        routes.add_url_rule(path, view.__name__, _without_version(view), methods=methods)
    routes.add_url_rule("/lookaside/whatsapp_business/attachments/", "file", platform.file)
    routes.register_error_handler(GraphError, _refuse)
    routes.record_once(lambda state: state.app.register_error_handler(HTTPException, _unknown_path))
    return routes


def _without_version(view: Callable[[str], Response]) -> Callable[[str, str], Response]:
    return lambda version, node: view(node)


def _refuse(error: GraphError) -> tuple[Response, int]:
    return jsonify(error.to_json()), error.status


def _unknown_path(error: HTTPException) -> tuple[Response, int]:
    return jsonify(GraphError(2500, f"Unknown path components: {request.path}").to_json()), error.code or 400


class Platform:
    """The views of the API. Each view gets the id from the path (`node`): of a number, a business account or a file."""

    def __init__(self, store: Store, desk: Desk, settings: Callable[[], Settings], subscribe: Callable[[bool], None]) -> None:
        self._store = store
        self._desk = desk
        self._settings = settings
        self._subscribe = subscribe
        self._files = Files(store, settings)
        self._templates = Templates(store, settings)

    def let_in(self) -> None:
        """Wait for `slow_s` seconds of the settings, then check the API version and the token. Raises `GraphError` if one is
        wrong."""
        settings = self._settings()
        time.sleep(settings.slow_s)
        version = request.path.split("/")[1]
        if version not in (*VERSIONS, "lookaside"):
            raise GraphError(2635, f"You are calling a version of the API that does not exist or has ended: {version}")
        if settings.token_is_expired:
            raise GraphError(190, "Session has expired", subcode=463)
        if request.headers.get("Authorization", "") != f"Bearer {settings.access_token}":
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")

    def send(self, node: str) -> Response:
        number, body = self._number(node), _json_body()
        if body.get("status") == "read":
            return self._mark_read(body)
        return jsonify(self._desk.take(body, number, self._settings()))

    def upload(self, node: str) -> Response:
        return jsonify(id=self._files.take(self._number(node)).id)

    def file(self) -> Response:
        return self._files.content()

    def templates(self, node: str) -> Response:
        if request.method == "POST":
            return jsonify(self._templates.create(node, _json_body()))
        if request.method == "DELETE":
            return jsonify(self._templates.delete(node, request.args.get("name", "")))
        return jsonify(self._templates.page(node))

    def numbers(self, node: str) -> Response:
        found = [_shown(number) for number in self._numbers_of(node)]
        return jsonify(data=found, paging={"cursors": {"before": "", "after": ""}})

    def subscription(self, node: str) -> Response:
        self._numbers_of(node)
        if request.method == "GET":
            is_on = self._settings().subscribed
            return jsonify(data=[{"whatsapp_business_api_data": {"id": "1", "name": "Switchyard"}}] if is_on else [])
        self._subscribe(request.method == "POST")
        return jsonify(success=True)

    def register(self, node: str) -> Response:
        self._number(node)
        if not re.fullmatch(r"[0-9]{6}", str(_json_body().get("pin", ""))):
            raise GraphError(100, "pin must have 6 digits")
        return jsonify(success=True)

    def block(self, node: str) -> Response:
        self._number(node)
        blocked = self._store.blocked
        if request.method == "GET":
            return jsonify(data=[{"wa_id": user} for user in sorted(blocked)])
        users = [str(entry.get("user") or entry.get("user_id") or "") for entry in _json_body().get("block_users") or []]
        (blocked.update if request.method == "POST" else blocked.difference_update)(users)
        return jsonify(messaging_product="whatsapp", block_users={"users": [{"input": user, "wa_id": user} for user in users]})

    def node(self, node: str) -> Response:
        number = self._settings().number(node)
        if number is not None and request.method == "GET":
            return jsonify(_shown(number))
        return jsonify(self._files.forget(node) if request.method == "DELETE" else self._files.describe(node))

    def _number(self, node: str) -> Number:
        number = self._settings().number(node)
        if number is None:
            raise missing_node(node)
        return number

    def _numbers_of(self, waba_id: str) -> list[Number]:
        found = self._settings().numbers_of(waba_id)
        if not found:
            raise missing_node(waba_id)
        return found

    def _mark_read(self, body: Json) -> Response:
        if body.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product is required.")
        bubble = self._store.bubbles.get(str(body.get("message_id")))
        is_old = bubble is not None and self._store.clock.now() - bubble.at > timedelta(days=_READABLE_DAYS)
        if bubble is None or not bubble.from_customer or is_old:
            raise GraphError(131009, "message_id is not the id of a message received in the last 30 days")
        bubble.tick("read")
        return jsonify(success=True)


def _json_body() -> Json:
    body = request.get_json(silent=True) if request.is_json else None
    if not isinstance(body, dict):
        raise GraphError(100, "The body must be a JSON object, sent as application/json")
    return body


def _shown(number: Number) -> Json:
    return {
        "id": number.phone_number_id,
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "quality_rating": "GREEN",
        "throughput": {"level": "STANDARD"},
        "is_on_biz_app": number.is_on_biz_app,
        "whatsapp_business_manager_messaging_limit": "TIER_10K",
    }

"""Build the Flask app of the Graph simulator."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from app.sandbox.simulators.common import BadOrder, Json, install_controls
from app.sandbox.simulators.graph.calendars import calendar_controls, calendar_routes
from app.sandbox.simulators.graph.controls import deliver, trouble_routes, world_routes
from app.sandbox.simulators.graph.delta import delta_routes
from app.sandbox.simulators.graph.drafting import draft_routes, upload_routes
from app.sandbox.simulators.graph.login import login_routes
from app.sandbox.simulators.graph.messages import attachment_routes, folder_routes, message_routes
from app.sandbox.simulators.graph.problems import GraphProblem
from app.sandbox.simulators.graph.sending import send_routes
from app.sandbox.simulators.graph.settings import Settings
from app.sandbox.simulators.graph.sign_in import sign_in_routes
from app.sandbox.simulators.graph.subscriptions import notify, subscription_routes
from app.sandbox.simulators.graph.tenant import Tenant

_ROUTES = (
    login_routes, sign_in_routes, calendar_routes, calendar_controls,
    folder_routes, message_routes, attachment_routes, delta_routes, draft_routes, upload_routes, send_routes,
    subscription_routes, world_routes, trouble_routes,
)  # fmt: skip


def create_graph_app(**settings: Any) -> Flask:
    """Build the application, which simulates one tenant. `settings` are fields of `Settings`.

    `mailboxes=(…)` lists the tenant's mailboxes; with `open_mailboxes=True`, any address has a mailbox.
    """
    app = Flask(__name__)
    tenant = Tenant(Settings().changed(settings))
    for make in _ROUTES:
        app.register_blueprint(make(tenant))
    app.register_error_handler(GraphProblem, GraphProblem.answer)
    app.register_error_handler(HTTPException, _no_such_route)
    install_controls(
        app, reset=tenant.reset, emit=lambda order: _emit(tenant, order), configure=tenant.configure, clock=tenant.clock
    )
    return app


def _emit(tenant: Tenant, order: Json) -> Json:
    """Carry out POST /__sim/emit. Raises BadOrder.

    The kind "mail" does the same as POST /__sim/deliver. For "notification" and "lifecycle" see `subscriptions`.
    """
    if order.get("kind") in ("notification", "lifecycle"):
        return notify(tenant, order)
    if order.get("kind") == "mail":
        with tenant.store.lock:
            return deliver(tenant, {name: value for name, value in order.items() if name != "kind"})
    raise BadOrder("kind must be mail, notification or lifecycle")


def _no_such_route(error: HTTPException) -> Response:
    response = jsonify(error={"code": "BadRequest", "message": f"Resource not found for the segment ({error.code})."})
    response.status_code = error.code or 500
    return response

"""Simulate receivers of outgoing webhooks that succeed or fail.

POST /taken          200 every time
POST /moody          500 at the first try of each message, then 200
POST /locked         503 with "Retry-After: 600", every time
GET  /__sim/taken    the messages that arrived, newest last
/api/<partner>/…     the partner's own API (partner_api.py)
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from flask import Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, install_controls
from app.sandbox.simulators.partner_api import install_partner_apis

KEPT = 200


def create_receiver_app() -> Flask:
    """Build the simulator of webhook receivers."""
    app = Flask("simulated_receiver")
    taken: deque[dict[str, Any]] = deque(maxlen=KEPT)
    tried: set[str] = set()
    lock = threading.Lock()

    def forget() -> None:
        with lock:
            taken.clear()
            tried.clear()

    @app.get("/__sim/taken")
    def show() -> Response:
        return jsonify(taken=list(taken))

    @app.post("/taken")
    def take() -> tuple[dict[str, Any], int]:
        with lock:
            taken.append({"id": request.headers.get("webhook-id"), "text": request.get_data(as_text=True)})
        return {"ok": True}, 200

    @app.post("/moody")
    def be_moody() -> tuple[dict[str, Any], int]:
        message_id = request.headers.get("webhook-id", "")
        with lock:
            is_first = message_id not in tried
            tried.add(message_id)
        return ({"error": "deadlock detected, try again"}, 500) if is_first else take()

    @app.post("/locked")
    def refuse() -> tuple[dict[str, Any], int, dict[str, str]]:
        return {"error": "planning_locked", "message": "The planning is open at somebody's screen"}, 503, {"Retry-After": "600"}

    install_partner_apis(app)
    install_controls(app, reset=forget, emit=_has_none, configure=_has_none)
    return app


def _has_none(order: dict[str, Any]) -> dict[str, Any]:
    if order:
        raise BadOrder("a receiver calls nobody and has no settings")
    return {}

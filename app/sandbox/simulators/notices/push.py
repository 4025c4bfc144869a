"""Simulate a push service and its browsers: refuse what real ones refuse, and decrypt the messages that arrive.

POST /push/<device>          201, or the status of the device's mode
POST /__sim/devices          add a browser with {"mode": "fine" | "gone" | "lost" | "busy" | …}; answers {"id", "subscription"}
POST /__sim/devices/<device> change its mode
GET  /__sim/pushes           the messages the browsers show, newest first; a message replaces an earlier one with its tag
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, Json
from app.sandbox.simulators.notices.sealed import CURVE, Unreadable, check_token, encoded, public_point, unseal

MOST_BODY_BYTES = 4096
# By mode: status and headers of the refusal.
MODES: dict[str, tuple[int, dict[str, str]]] = {
    "fine": (201, {}),
    "lost": (404, {}),
    "gone": (410, {}),
    "full": (413, {}),
    "busy": (429, {"Retry-After": "7"}),
    "throttled": (406, {}),
    "stranger": (403, {}),
    "broken": (503, {}),
}


@dataclass
class Browser:
    """A simulated browser. `service_key` is the VAPID key of the first message it got, or empty before that."""

    id: str
    private: ec.EllipticCurvePrivateKey
    auth: bytes
    mode: str = "fine"
    service_key: str = ""


@dataclass
class PushService:
    """State of the simulated push service."""

    now: Callable[[], datetime]
    browsers: dict[str, Browser] = field(default_factory=dict)
    shown: list[Json] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Forget the browsers and what they were shown."""
        with self.lock:
            self.browsers.clear()
            self.shown.clear()

    def add(self, mode: str, origin: str) -> Json:
        """Add a browser and return {"id", "subscription"}. Raises `BadOrder` if the mode is unknown."""
        browser = Browser(os.urandom(8).hex(), ec.generate_private_key(CURVE), os.urandom(16), _known(mode))
        with self.lock:
            self.browsers[browser.id] = browser
        keys = {"p256dh": encoded(public_point(browser.private)), "auth": encoded(browser.auth)}
        endpoint = f"{origin}/push/{browser.id}"
        return {"id": browser.id, "subscription": {"endpoint": endpoint, "expirationTime": None, "keys": keys}}

    def take(self, browser: Browser, *, body: bytes, headers: Json, origin: str) -> tuple[int, str]:
        """Take one message for a browser and return the HTTP status and text of the answer."""
        if not headers.get("ttl", "").isdigit():
            return 400, "TTL is missing"
        if headers.get("content-encoding") != "aes128gcm":
            return 400, "the encoding is not aes128gcm"
        if len(body) > MOST_BODY_BYTES:
            return 413, "more than 4096 bytes"
        topic = headers.get("topic", "")
        if len(topic) > 32:
            return 400, "the topic is too long"
        try:
            claims = check_token(headers.get("authorization", ""), audience=origin, now_seconds=self.now().timestamp())
        except (Unreadable, ValueError) as error:
            return 401, str(error)
        if browser.service_key not in ("", claims["k"]):
            return 403, "another key than this browser subscribed with"
        try:
            payload = json.loads(unseal(body, private_key=browser.private, auth=browser.auth))
        except ValueError as error:
            return 400, str(error)
        browser.service_key = claims["k"]
        self._show(browser, payload, topic=topic, urgency=headers.get("urgency", ""), ttl=int(headers["ttl"]))
        return 201, ""

    def _show(self, browser: Browser, payload: Json, *, topic: str, urgency: str, ttl: int) -> None:
        entry = {"device": browser.id, "payload": payload, "topic": topic, "urgency": urgency, "ttl": ttl, "times": 1}
        with self.lock:
            same = [s for s in self.shown if s["device"] == browser.id and s["payload"].get("tag") == payload.get("tag")]
            self.shown[:] = [other for other in self.shown if other not in same]
            self.shown.append(entry | {"at": self.now().isoformat(), "times": 1 + sum(s["times"] for s in same)})


def _known(mode: str) -> str:
    if mode not in MODES:
        raise BadOrder(f"mode must be one of {', '.join(MODES)}")
    return mode


def push_routes(service: PushService) -> Blueprint:
    """Return the routes of the push service and its controls."""
    routes = Blueprint("simulated_push", __name__)

    @routes.post("/push/<device>")
    def push(device: str) -> Response | tuple[str, int, dict[str, str]]:
        browser = service.browsers.get(device)
        if browser is None:
            return "", 410, {}
        status, headers = MODES[browser.mode]
        if status != 201:
            return "", status, headers
        given = {name.lower(): value for name, value in request.headers.items()}
        status, words = service.take(browser, body=request.get_data(), headers=given, origin=_origin())
        return words, status, {"Location": f"{_origin()}/message/1"} if status == 201 else {}

    @routes.post("/__sim/devices")
    def add_device() -> Response:
        order = request.get_json(silent=True, force=True) or {}
        return jsonify(service.add(order.get("mode", "fine"), _origin()))

    @routes.post("/__sim/devices/<device>")
    def change_device(device: str) -> Response | tuple[Response, int]:
        order = request.get_json(silent=True, force=True) or {}
        if device not in service.browsers:
            return jsonify(error="no such device"), 404
        service.browsers[device].mode = _known(order.get("mode", "fine"))
        return jsonify(ok=True)

    @routes.get("/__sim/pushes")
    def pushes() -> Response:
        return jsonify(pushes=list(reversed(service.shown)))

    @routes.errorhandler(BadOrder)
    def explain(error: BadOrder) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def _origin() -> str:
    return request.host_url.rstrip("/")

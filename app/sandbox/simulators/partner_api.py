"""Simulate the APIs of all partners on one server. Each partner has a name in the path and a way to sign in.

GET  /api/<partner>/orders?updated_since=&cursor=   {"orders": [{"partner_order_id", "status", "timestamp"}], "next_cursor"}
POST /api/<partner>/orders                          take an order of ours
GET  /api/<partner>/__sim/brought                   the orders of ours that arrived
POST /api/<partner>/token                           client credentials for an access token
POST /api/<partner>/__sim/orders                    set the answers: {"orders": […], "fails": 503 or null, "signs_in"}
"""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request

SECRET, NAME, TOKEN = "partner-secret", "switchyard", "access-token"
PAGE = 50
HEADERS = {
    "bearer": ("Authorization", f"Bearer {SECRET}"),
    "api_key": ("X-API-Key", SECRET),
    "basic": ("Authorization", "Basic " + base64.b64encode(f"{NAME}:{SECRET}".encode()).decode()),
    "oauth2": ("Authorization", f"Bearer {TOKEN}"),
}


@dataclass
class _Partner:
    orders: list[Any] = field(default_factory=list)
    fails: int | None = None
    signs_in: str = "bearer"
    brought: list[Any] = field(default_factory=list)

    def refusal(self) -> tuple[dict[str, Any], int] | None:
        header, value = HEADERS[self.signs_in]
        if request.headers.get(header) != value:
            return {"error": "unauthorized"}, 401
        return ({"error": "down for a moment"}, self.fails) if self.fails else None


def install_partner_apis(app: Flask) -> None:
    """Add the routes of every partner's API to the application."""
    partners: dict[str, _Partner] = {}
    lock = threading.Lock()

    def found(name: str) -> _Partner:
        with lock:
            return partners.setdefault(name, _Partner())

    @app.post("/api/<name>/__sim/orders")
    def say(name: str) -> dict[str, Any]:
        partner, said = found(name), request.get_json()
        partner.orders, partner.fails = said.get("orders", partner.orders), said.get("fails")
        partner.signs_in = said.get("signs_in", partner.signs_in)
        return {"orders": len(partner.orders)}

    @app.post("/api/<name>/token")
    def token(name: str) -> tuple[dict[str, Any], int]:
        form = request.form
        is_right = (form.get("client_id"), form.get("client_secret")) == (NAME, SECRET) and found(name).signs_in == "oauth2"
        return ({"access_token": TOKEN, "expires_in": 3600}, 200) if is_right else ({"error": "invalid_client"}, 401)

    @app.get("/api/<name>/orders")
    def orders(name: str) -> tuple[dict[str, Any], int]:
        partner = found(name)
        if refusal := partner.refusal():
            return refusal
        since, begin = request.args.get("updated_since", ""), int(request.args.get("cursor") or 0)
        changed = [one for one in partner.orders if not isinstance(one, dict) or str(one.get("timestamp", since)) >= since]
        rest = begin + PAGE
        return {"orders": changed[begin:rest], "next_cursor": str(rest) if rest < len(changed) else None}, 200

    @app.post("/api/<name>/orders")
    def take_order(name: str) -> tuple[dict[str, Any], int]:
        partner = found(name)
        if refusal := partner.refusal():
            return refusal
        partner.brought.append({"id": request.headers.get("Idempotency-Key"), "order": request.get_json()})
        return {"success": True}, 201

    @app.get("/api/<name>/__sim/brought")
    def brought(name: str) -> dict[str, Any]:
        return {"brought": found(name).brought}

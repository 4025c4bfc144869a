"""Simulate Make: webhooks that accept posts, and a scenario that calls us.

POST /<key>          200 "Accepted", or the answer of the mode
PUT  /__sim/config   {"api_key": "", "mode": "fine" | "busy" | "full" | "gone" | "slow" | "broken", "hook_url": our routes,
                      "caller_key", "secret", "by_hand": whether somebody entered these on the console}
GET  /__sim/taken    the posts that arrived, and how often each event arrived
POST /__sim/emit     {"scenario", "body": {…}, "proof": "key" | "hmac" | "bare" | "wrong", "times": 1}; answers {"statuses"}
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import urllib3
from flask import Blueprint, Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, install_controls

Json = dict[str, Any]
MOST_BYTES = 5 * 1024 * 1024
MODES: dict[str, tuple[int, str, dict[str, str]]] = {
    "fine": (200, "Accepted", {}),
    "busy": (429, "Too many requests", {"Retry-After": "90"}),
    "full": (400, "Queue is full.", {}),
    "gone": (410, "Gone", {}),
    "slow": (200, "Accepted", {}),
    "broken": (500, "<html>Error</html>", {}),
}
SLOW_SECONDS = 2.0
PROOFS = ("key", "hmac", "bare", "wrong")


@dataclass
class MakeAccount:
    """State of the simulated account. `taken` has a dict for each accepted post: key, headers (in lower case), text, body."""

    api_key: str = ""
    mode: str = "fine"
    hook_url: str = ""
    caller_key: str = ""
    secret: str = ""
    by_hand: bool = False
    taken: list[Json] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        with self.lock:
            self.taken.clear()


def create_make_app(account: MakeAccount | None = None) -> Flask:
    """Build the simulator of Make; `account` is its state, for tests that look into it."""
    app = Flask("simulated_make")
    state = account or MakeAccount()
    app.config["ACCOUNT"] = state
    app.register_blueprint(_hooks(state))
    install_controls(
        app, reset=state.forget, emit=lambda order: _emit(state, order), configure=lambda new: _configure(state, new)
    )
    return app


def _configure(account: MakeAccount, changes: Json) -> Json:
    known = ("api_key", "mode", "hook_url", "caller_key", "secret", "by_hand")
    if set(changes) - set(known) or changes.get("mode", "fine") not in MODES:
        raise BadOrder(f"settings are {', '.join(known)}; mode is one of {', '.join(MODES)}")
    for name, value in changes.items():
        setattr(account, name, value)
    return {name: getattr(account, name) for name in known}


def _hooks(account: MakeAccount) -> Blueprint:
    routes = Blueprint("make_hooks", __name__)

    @routes.get("/__sim/taken")
    def taken() -> Response:
        counts = Counter(str(one["body"].get("event_id")) for one in account.taken if isinstance(one["body"], dict))
        return jsonify(taken=account.taken, times=counts)

    @routes.post("/<key>")
    def take(key: str) -> tuple[str, int, dict[str, str]]:
        if account.api_key and request.headers.get("x-make-apikey") != account.api_key:
            return "Unauthorized", 401, {}
        body = request.get_data()
        if len(body) > MOST_BYTES:
            return "Payload too large", 413, {}
        status, text, headers = MODES[account.mode]
        time.sleep(SLOW_SECONDS if account.mode == "slow" else 0)
        if status == 200:
            given = {name.lower(): value for name, value in request.headers.items()}
            with account.lock:
                account.taken.append({"key": key, "headers": given, "text": body.decode("utf-8", "replace"), "body": _json(body)})
        return text, status, headers

    return routes


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _emit(account: MakeAccount, order: Json) -> Json:
    scenario, proof = order.get("scenario", "order-created"), order.get("proof", "key")
    if proof not in PROOFS or not account.hook_url:
        raise BadOrder(f"proof is one of {', '.join(PROOFS)}, and hook_url must be set")
    body = json.dumps(order.get("body") or {}).encode()
    http, url = urllib3.PoolManager(retries=False, timeout=10), f"{account.hook_url}/{scenario}"
    headers = {"Content-Type": "application/json", **_proof(account, proof, body)}
    times = range(int(order.get("times", 1)))
    return {"statuses": [http.request("POST", url, body=body, headers=headers, redirect=False).status for _ in times]}


def _proof(account: MakeAccount, proof: str, body: bytes) -> dict[str, str]:
    if proof in ("key", "wrong"):
        return {"X-Api-Key": account.caller_key if proof == "key" else "nobody's"}
    now = str(int(time.time()))
    if proof == "bare":
        return {"X-Signature": hmac.new(account.secret.encode(), body, hashlib.sha256).hexdigest()}
    signed = hmac.new(account.secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Signature": f"t={now},v1={signed}"}

"""Build the simulated Twilio as one Flask app: the provider's API, the customer's phone, and the ledger.

Besides the common controls (see `app/sandbox/simulators/common.py`)::

    GET  /__sim/ledger            {"texts": […], "posted": […]}: the texts, and the posts to our webhooks with their answers
    GET  /__sim/idle?timeout_s=5  wait until no status or post is planned or running; {"idle": true}
    GET  /__sim/phone/{number}    the customer's phone: texts in both directions, calls
    POST /__sim/fail_next         {"code": 21610, "times": 1}: the next texts are refused with this code
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from flask import Blueprint, Flask, Response, jsonify, request

from app.sandbox.simulators.common import Json, SimClock, install_controls
from app.sandbox.simulators.twilio.callbacks import WebhookCaller
from app.sandbox.simulators.twilio.customer import Outside
from app.sandbox.simulators.twilio.routes import provider_routes
from app.sandbox.simulators.twilio.settings import Settings, changed
from app.sandbox.simulators.twilio.store import Store, Text
from app.sandbox.simulators.twilio.texts import TextDesk
from app.sandbox.simulators.whatsapp_cloud.timetable import Timetable


class TwilioSimulator:
    """One simulated Twilio account. Only its settings survive a restart of the process, in the file `memory`."""

    def __init__(self, *, memory: Path | None = None) -> None:
        self.clock = SimClock()
        self.store = Store(self.clock)
        self.settings = Settings()
        self.timetable = Timetable()
        self._memory = memory
        caller = WebhookCaller(self.store, self.timetable, lambda: self.settings)
        self._desk = TextDesk(self.store, self.timetable, caller)
        self._outside = Outside(self.store, caller, self._desk, lambda: self.settings, lambda: request.host_url.rstrip("/"))
        self.app = self._build_app()
        if memory is not None and memory.exists():
            self.settings = changed(Settings(), json.loads(memory.read_text()))

    def close(self) -> None:
        """Stop the background threads."""
        self.timetable.close()

    def _build_app(self) -> Flask:
        app = Flask(__name__)
        app.json.sort_keys = False  # type: ignore[attr-defined]
        app.register_blueprint(self._extra_controls())
        app.register_blueprint(provider_routes(self.store, self._desk, lambda: self.settings))
        install_controls(app, reset=self._reset, emit=self._outside.emit, configure=self._configure, clock=self.clock)
        return app

    def _configure(self, changes: Json) -> Json:
        self.settings = changed(self.settings, changes)
        if changes and self._memory is not None:
            self._memory.touch(mode=0o600)
            self._memory.write_text(json.dumps(self.settings.to_json()))
        return self.settings.to_json()

    def _reset(self) -> None:
        self.timetable.forget()
        self.store.forget()

    def _extra_controls(self) -> Blueprint:
        routes = Blueprint("twilio_controls", __name__, url_prefix="/__sim")

        @routes.get("/ledger")
        def ledger() -> Response:
            with self.store.lock:
                texts = [text.to_json(self.settings.account_sid) for text in self.store.texts]
                posted = [post.to_json() for post in self.store.posted]
            return jsonify(texts=texts, posted=posted)

        @routes.get("/idle")
        def idle() -> Response:
            return jsonify(idle=self.timetable.wait_until_idle(float(request.args.get("timeout_s", 5))))

        @routes.get("/phone/<number>")
        def phone(number: str) -> Response:
            with self.store.lock:
                calls = [asdict(call) | {"at": call.at.isoformat()} for call in self.store.calls if call.number == number]
            return jsonify(texts=[_shown(text) for text in self.store.of_number(number)], calls=calls)

        @routes.post("/fail_next")
        def fail_next() -> Response:
            order = request.get_json(force=True)
            with self.store.lock:
                self.store.fail_next += [int(order["code"])] * int(order.get("times", 1))
            return jsonify(ok=True)

        @routes.errorhandler(ValueError)
        @routes.errorhandler(KeyError)
        def explain(error: Exception) -> tuple[Response, int]:
            return jsonify(error=str(error)), 400

        return routes


def _shown(text: Text) -> Json:
    direction = "from_customer" if text.direction == "inbound" else "to_customer"
    told = {"sid": text.sid, "direction": direction, "text": text.body, "status": text.status, "parts": text.num_segments}
    return told | {"at": text.date_created.isoformat(), "error": text.error_code}

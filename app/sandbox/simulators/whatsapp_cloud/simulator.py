"""Build the simulated WhatsApp Business Platform as one Flask app: API, the customer's phone, and the ledger.

Besides the common controls (see `app/sandbox/simulators/common.py`)::

    GET  /__sim/ledger            {"accepted": [...], "emitted": [...]}: messages accepted from us; webhook items and their
    posts
    GET  /__sim/idle?timeout_s=5  wait until no status or webhook is planned or running; {"idle": true}
    GET  /__sim/chats             people with their last bubble
    GET  /__sim/chats/{wa_id}     the customer's phone: bubbles in both directions with their ticks
    GET  /__sim/media/{id}        the file of a bubble, to show it
    POST /__sim/fail_next         {"code": 131026, "times": 1, "how": "sync" | "webhook"}: the next messages fail like this
    POST /__sim/windows           {"windows": [{"wa_id", "at"?, "phone_number_id"?}]}: these people wrote recently
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from flask import Blueprint, Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, Json, SimClock, install_controls
from app.sandbox.simulators.whatsapp_cloud.customer import Outside
from app.sandbox.simulators.whatsapp_cloud.routes import provider_routes
from app.sandbox.simulators.whatsapp_cloud.sending import Desk
from app.sandbox.simulators.whatsapp_cloud.settings import Settings, changed
from app.sandbox.simulators.whatsapp_cloud.store import Store
from app.sandbox.simulators.whatsapp_cloud.timetable import Timetable
from app.sandbox.simulators.whatsapp_cloud.webhooks import WebhookCaller

_SAVE_EVERY_SECONDS = 1.0


class WhatsAppSimulator:
    """One simulated platform. Only its settings and open windows survive a restart of the process, in the file `memory`."""

    def __init__(self, *, memory: Path | None = None) -> None:
        self.clock = SimClock()
        self.store = Store(self.clock)
        self.settings = Settings()
        self.timetable = Timetable()
        self._memory = memory
        self._remembered = ""
        self._saving = threading.Lock()
        caller = WebhookCaller(self.store, self.timetable, lambda: self.settings)
        self._desk = Desk(self.store, self.timetable, caller)
        self._outside = Outside(self.store, caller, self._desk, lambda: self.settings)
        self.app = self._build_app()
        self._remember()

    def close(self) -> None:
        """Stop the background threads and save what `memory` stores."""
        self.timetable.close()
        self._save()

    def _build_app(self) -> Flask:
        app = Flask(__name__)
        app.json.sort_keys = False  # type: ignore[attr-defined]
        app.register_blueprint(self._extra_controls())
        app.register_blueprint(provider_routes(self.store, self._desk, lambda: self.settings, self._subscribe))
        install_controls(app, reset=self._reset, emit=self._outside.emit, configure=self._configure, clock=self.clock)
        return app

    def _configure(self, changes: Json) -> Json:
        self.settings = changed(self.settings, changes)
        if changes:
            self._save()
        return self.settings.to_json()

    def _subscribe(self, is_on: bool) -> None:
        self._configure({"subscribed": is_on})

    def _reset(self) -> None:
        self.timetable.forget()
        self.store.forget()

    def _extra_controls(self) -> Blueprint:
        routes = Blueprint("whatsapp_controls", __name__, url_prefix="/__sim")

        @routes.get("/ledger")
        def ledger() -> Response:
            with self.store.lock:
                accepted = [asdict(entry) | {"at": entry.at.isoformat()} for entry in self.store.accepted]
                emitted = [asdict(entry) for entry in self.store.emitted.values()]
            return jsonify(accepted=accepted, emitted=[_in_iso(entry) for entry in emitted])

        @routes.get("/idle")
        def idle() -> Response:
            return jsonify(idle=self.timetable.wait_until_idle(float(request.args.get("timeout_s", 5))))

        @routes.get("/chats")
        def chats() -> Response:
            with self.store.lock:
                return jsonify(chats=[self._chat_summary(wa_id) for wa_id in self.store.chats])

        @routes.get("/chats/<wa_id>")
        def chat(wa_id: str) -> Response:
            return jsonify(self._phone_of(wa_id))

        @routes.get("/media/<file_id>")
        def media(file_id: str) -> Response:
            kept = self.store.files.get(file_id)
            return Response(kept.content, content_type=kept.mime_type) if kept else Response("", 404)

        @routes.post("/fail_next")
        def fail_next() -> Response:
            order = request.get_json(force=True)
            with self.store.lock:
                self.store.fail_next += [{**order, "code": int(order["code"])}] * int(order.get("times", 1))
            return jsonify(ok=True)

        @routes.post("/windows")
        def windows() -> Response:
            self._open_windows(request.get_json(force=True))
            self._save()
            return jsonify(ok=True)

        @routes.errorhandler(ValueError)
        @routes.errorhandler(KeyError)
        def explain(error: Exception) -> tuple[Response, int]:
            return jsonify(error=str(error)), 400

        return routes

    def _chat_summary(self, wa_id: str) -> Json:
        person, bubbles = self.store.person(wa_id), self.store.chats[wa_id]
        return {"wa_id": wa_id, "name": person.name, "count": len(bubbles), "last": bubbles[-1].to_json()}

    def _phone_of(self, wa_id: str) -> Json:
        with self.store.lock:
            person = self.store.find_person(wa_id.lstrip("+"))
            bubbles = self.store.chats.get(person.wa_id, []) if person else []
            return {
                "wa_id": person.wa_id if person else wa_id,
                "user_id": person.user_id if person else "",
                "name": person.name if person else "",
                "items": [bubble.to_json() for bubble in bubbles],
            }

    def _open_windows(self, order: Json) -> None:
        for window in order["windows"]:
            at = datetime.fromisoformat(window["at"]) if window.get("at") else self.clock.now()
            number_id = str(window.get("phone_number_id") or self.settings.numbers[0].phone_number_id)
            if at.tzinfo is None:
                raise BadOrder("at must say its time zone")
            self.store.open_window(number_id, str(window["wa_id"]).lstrip("+"), at)

    def _remember(self) -> None:
        """Load the settings and windows that an earlier process saved, and begin to save changes regularly."""
        if self._memory is None:
            return
        if self._memory.exists():
            saved = json.loads(self._memory.read_text())
            self.settings = changed(Settings(), saved["settings"])
            self._open_windows(saved)
        self._save_later()

    def _save_later(self) -> None:
        ticker = threading.Timer(_SAVE_EVERY_SECONDS, self._save_and_go_on)
        ticker.daemon = True
        ticker.start()

    def _save_and_go_on(self) -> None:
        self._save()
        self._save_later()

    def _save(self) -> None:
        if self._memory is None:
            return
        with self.store.lock:
            windows = [
                {"phone_number_id": number_id, "wa_id": wa_id, "at": at.isoformat()}
                for (number_id, wa_id), at in self.store.windows.items()
            ]
        text = json.dumps({"settings": self.settings.to_json(), "windows": windows})
        with self._saving:
            if text != self._remembered:
                _replace_file(self._memory, text)
                self._remembered = text


def _in_iso(entry: Json) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in entry.items()}


def _replace_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)

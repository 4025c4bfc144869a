"""The parts that all provider simulators share: a movable clock, faults on request, a log of requests, control routes.

A simulator is a Flask app; `install_controls` gives it these routes, outside the provider's own paths::

    POST   /__sim/reset     forget all state; configuration stays
    POST   /__sim/fault     {"match": {"method": "POST", "path": "/messages$"}, "times": 1, "when": "before" | "after",
                             "status": 500, "headers": {}, "body": "text" | {...}, "delay_s": 0, "body_delay_s": 0,
                             "drop_connection": false, "truncate": 10}
    DELETE /__sim/fault     remove all faults that are left
    GET, PUT /__sim/note    {"text"}: a note about the faults; it is deleted together with them
    GET    /__sim/requests  every provider request since the last reset, raw
    POST   /__sim/clock     {"advance_seconds": 301}, {"stop": true} or {"reset": true}; answers {"now"}
    POST   /__sim/emit      make the provider call us; each simulator has its own body
    GET, PUT or POST /__sim/config   the simulator's own settings

With a fault `before`, the provider never sees the request. With `after`, it carries the request out, and only the answer is
lost or changed. `match.path` is a regular expression searched in the path. `times: null` lasts until the fault is removed. A
fault that has only delays or `truncate` changes the real answer. Control requests are neither logged nor faulted.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import get_input_stream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Json = dict[str, Any]

KEPT_REQUESTS = 5_000
KEPT_BODY_BYTES = 1_048_576
CONTROL_PREFIX = "/__sim/"


class BadOrder(ValueError):
    """Raised when a control request is invalid. The answer is then 400 with the text."""


class SimClock:
    """A simulator's clock: real time plus an offset that tests and demos set, or a stopped time. Delays use the real clock."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._stopped_at: datetime | None = None

    def now(self) -> datetime:
        """Return the simulated instant, aware UTC."""
        return (self._stopped_at or datetime.now(UTC)) + self._offset

    def obey(self, order: Mapping[str, Any]) -> None:
        """Carry out a control request to /__sim/clock (see the module docstring)."""
        if order.get("reset"):
            self.reset()
        if order.get("stop"):
            self._stopped_at = datetime.now(UTC)
        self._offset += timedelta(seconds=float(order.get("advance_seconds", 0)))

    def reset(self) -> None:
        self._offset, self._stopped_at = timedelta(), None


@dataclass
class Fault:
    """A failure to play for requests that match; see the module docstring for its fields."""

    method: str = ""
    path: str = ""
    times: int | None = 1
    when: str = "before"
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    delay_s: float = 0
    body_delay_s: float = 0
    drop_connection: bool = False
    truncate: int | None = None

    @classmethod
    def from_json(cls, spec: Json) -> Fault:
        """Build a fault from a control request; raises BadOrder with a sentence that names what is wrong."""
        known = {name for name in cls.__dataclass_fields__ if name not in ("method", "path")}
        unknown = set(spec) - known - {"match"}
        if unknown:
            raise BadOrder(f"unknown fault fields: {', '.join(sorted(unknown))}")
        if spec.get("when", "before") not in ("before", "after"):
            raise BadOrder("when must be before or after")
        match = spec.get("match") or {}
        _check_pattern(match.get("path", ""))
        values = {name: spec[name] for name in known if name in spec}
        return cls(method=match.get("method", "").upper(), path=match.get("path", ""), **values)

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("", method) and re.search(self.path, path) is not None

    def replaces_answer(self) -> bool:
        return self.status is not None or self.body is not None

    def lets_it_through(self) -> bool:
        """Return True if the simulated provider carries the request out despite the fault."""
        return self.when == "after" or not (self.replaces_answer() or self.drop_connection)

    def own_answer(self) -> Response:
        is_text = isinstance(self.body, str)
        text = self.body if is_text else "" if self.body is None else json.dumps(self.body)
        answer = Response(text, status=self.status or 200, content_type="text/html" if is_text else "application/json")
        answer.headers.update(self.headers)
        return answer


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise BadOrder(f"match.path is not a regular expression: {error}") from error


class FaultBoard:
    """The faults that are still to be simulated, oldest first; a request uses at most one. `note` is a text about them."""

    def __init__(self) -> None:
        self.note = ""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
        self.note = ""

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = next((one for one in self._faults if one.matches(method, path)), None)
            if fault is not None:
                self._use_up(fault)
        return fault

    def _use_up(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)


@dataclass
class RecordedRequest:
    """One provider request as it came; `status` is None while it runs and when the connection was dropped instead."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    at: datetime
    status: int | None = None

    def to_json(self) -> Json:
        shown = self.body[:KEPT_BODY_BYTES]
        return {
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": shown.decode("utf-8", "replace"),
            "body_base64": base64.b64encode(shown).decode(),
            "size_bytes": len(self.body),
            "at": self.at.isoformat(),
            "status": self.status,
        }


class RequestLog:
    """The last provider requests, oldest first."""

    def __init__(self) -> None:
        self._requests: deque[RecordedRequest] = deque(maxlen=KEPT_REQUESTS)

    def add(self, recorded: RecordedRequest) -> None:
        self._requests.append(recorded)

    def all(self) -> list[RecordedRequest]:
        return list(self._requests)

    def clear(self) -> None:
        self._requests.clear()


@dataclass(frozen=True)
class Controls:
    """The parts of the control surface that a simulator may use itself."""

    clock: SimClock
    faults: FaultBoard
    requests: RequestLog


def install_controls(
    app: Flask,
    *,
    reset: Callable[[], None],
    emit: Callable[[Json], Json],
    configure: Callable[[Json], Json],
    clock: SimClock | None = None,
) -> Controls:
    """Add the control routes to a simulator's app, and put the fault injector in front of its own routes.

    `emit` gets the body of POST /__sim/emit. `configure` gets the settings to change ({} for a GET) and returns all
    settings. If one of them raises ValueError, the answer is 400 with the error's text.
    """
    controls = Controls(clock or SimClock(), FaultBoard(), RequestLog())
    app.register_blueprint(_control_routes(controls, reset=reset, emit=emit, configure=configure))
    app.wsgi_app = FaultInjector(app.wsgi_app, controls)  # type: ignore[method-assign]
    return controls


def _control_routes(
    controls: Controls, *, reset: Callable[[], None], emit: Callable[[Json], Json], configure: Callable[[Json], Json]
) -> Blueprint:
    routes = Blueprint("simulator_controls", __name__, url_prefix=CONTROL_PREFIX.rstrip("/"))

    @routes.post("/reset")
    def reset_everything() -> Response:
        controls.faults.clear()
        controls.requests.clear()
        controls.clock.reset()
        reset()
        return jsonify(ok=True)

    @routes.post("/fault")
    def order_fault() -> Response:
        controls.faults.add(Fault.from_json(_body()))
        return jsonify(ok=True)

    @routes.delete("/fault")
    def take_back_faults() -> Response:
        controls.faults.clear()
        return jsonify(ok=True)

    @routes.get("/requests")
    def list_requests() -> Response:
        return jsonify(requests=[recorded.to_json() for recorded in controls.requests.all()])

    @routes.post("/clock")
    def move_clock() -> Response:
        controls.clock.obey(_body())
        return jsonify(now=controls.clock.now().isoformat())

    @routes.post("/emit")
    def emit_something() -> Response:
        return jsonify(emit(_body()))

    @routes.route("/config", methods=["GET", "PUT", "POST"])
    def settings() -> Response:
        return jsonify(configure({} if request.method == "GET" else _body()))

    @routes.errorhandler(ValueError)
    def explain(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    _add_note(routes, controls.faults)
    return routes


def _add_note(routes: Blueprint, faults: FaultBoard) -> None:
    @routes.route("/note", methods=["GET", "PUT"])
    def note() -> Response:
        faults.note = str(_body().get("text", "")) if request.method == "PUT" else faults.note
        return jsonify(text=faults.note)


def _body() -> Json:
    body = request.get_json(silent=True, force=True)
    if body is None and not request.get_data():
        return {}
    if not isinstance(body, dict):
        raise BadOrder("the body must be a JSON object")
    return body


class FaultInjector:
    """WSGI middleware of a simulator. It logs each provider request and simulates the fault that matches the request, if any."""

    def __init__(self, app: WSGIApplication, controls: Controls) -> None:
        self._app = app
        self._controls = controls

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(CONTROL_PREFIX):
            return self._app(environ, start_response)
        recorded = self._record(environ)
        fault = self._controls.faults.take(recorded.method, path)
        answer = self._carry_out(environ) if fault is None else self._play(fault, environ)
        recorded.status = answer.status_code
        return self._send(answer, fault, environ, start_response)

    def _record(self, environ: WSGIEnvironment) -> RecordedRequest:
        body = get_input_stream(environ).read()
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        recorded = RecordedRequest(
            method=environ["REQUEST_METHOD"],
            path=environ.get("PATH_INFO", ""),
            query=environ.get("QUERY_STRING", ""),
            headers=headers,
            body=body,
            at=self._controls.clock.now(),
        )
        self._controls.requests.add(recorded)
        return recorded

    def _carry_out(self, environ: WSGIEnvironment) -> Response:
        app_iter, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        return Response(app_iter, status, headers)

    def _play(self, fault: Fault, environ: WSGIEnvironment) -> Response:
        real = self._carry_out(environ) if fault.lets_it_through() else None
        time.sleep(fault.delay_s)
        if fault.drop_connection:
            sever(environ)
        if real is None or fault.replaces_answer():
            return fault.own_answer()
        return real

    def _send(
        self, answer: Response, fault: Fault | None, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if fault is None or not (fault.truncate is not None or fault.body_delay_s):
            return answer(environ, start_response)
        body = answer.get_data()
        answer.headers["Content-Length"] = str(len(body))
        start_response(answer.status, list(answer.headers))
        return _spoiled(body, fault)


def _spoiled(body: bytes, fault: Fault) -> Iterator[bytes]:
    """Yield the body in two halves with a pause between; with `truncate`, only its beginning, shorter than its Content-Length."""
    kept = body if fault.truncate is None else body[: fault.truncate]
    yield kept[: len(kept) // 2]
    time.sleep(fault.body_delay_s)
    yield kept[len(kept) // 2 :]


def sever(environ: WSGIEnvironment) -> None:
    """Cut the caller's connection without an answer, as a crashed server or a lost line would; never returns."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("severed by a simulated fault")


class QuietHandler(WSGIRequestHandler):
    """The development server's handler without a line per request; the request log has them."""

    def log(self, type: str, message: str, *args: Any) -> None:
        logging.getLogger("simulators").debug(message, *args)


class RunningServer:
    """A simulator being served from a thread of this process; `url` has no slash at its end."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self.url = f"http://{server.host}:{server.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def serve(app: WSGIApplication, *, host: str = "127.0.0.1", port: int = 0) -> RunningServer:
    """Serve a simulator over real HTTP, one thread per request; port 0 takes a free one."""
    return RunningServer(make_server(host, port, app, threaded=True, request_handler=QuietHandler))

"""Simulate Fillout: its REST API, and forms that are filled in on request and posted in each of the three shapes.

PUT  /__sim/config   {"hook_url", "api_key", "per_second", "by_hand": whether somebody entered the address on the console}
POST /__sim/emit     {"shape": "native" | "envelope" | "flat", "answers": {name: value}, "post": true, "times": 1,
                     "test": false,
                     "hook_url": where to post this submission, like one of another form,
                     "submission_id": an earlier submission, whose answers are to be changed,
                     "files": [{"filename", "content_type", "content": base64, "is_gone"}], uploaded in the question
                     "photo"; a file that is gone cannot be downloaded};
                     answers {"submission_id", "statuses"}
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3
from flask import Blueprint, Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, SimClock, install_controls

Json = dict[str, Any]
FORM = "chargecars-intake-2025"
TYPES = {
    "email": "EmailInput",
    "phone": "PhoneNumber",
    "address": "Address",
    "selected_products": "Checkboxes",
    "photo": "FileUpload",
}
SHAPES = ("native", "envelope", "flat")
EXAMPLE = {
    "customer_name": "Jan Janssen",
    "email": "jan@example.com",
    "phone": "06-12345678",
    "address": {"address": "Kerkstraat 123", "city": "Amsterdam", "zipCode": "1234AB", "country": "Netherlands"},
    "charging_needs": "Thuisladen voor 2 auto's",
    "installation_preference": "Zo snel mogelijk",
    "selected_products": ["Wallbox 11kW", "Slimme laadkabel"],
}


@dataclass
class FormAccount:
    """The state of the simulated account. `hook_url` is where submissions are posted, "" for nowhere.

    `per_second` is how many calls a second the API allows. `by_hand`: somebody entered `hook_url` by hand.
    """

    now: Callable[[], datetime]
    hook_url: str = ""
    api_key: str = "sk_simulated"
    per_second: int = 5
    by_hand: bool = False
    submissions: list[Json] = field(default_factory=list)
    files: dict[str, tuple[bytes, str]] = field(default_factory=dict)  # name in its URL → (content, content type)
    uploads: int = 0
    asked: deque[float] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        with self.lock:
            self.submissions.clear()
            self.files.clear()
            self.asked.clear()

    def submit(self, answers: Json, *, submission_id: str = "", test: bool = False) -> Json:
        """Return a new submission, or an earlier one with changed answers."""
        with self.lock:
            at = _stamp(self.now())
            earlier = next((one for one in self.submissions if one["submissionId"] == submission_id), None)
            if submission_id and earlier is None:
                raise BadOrder("there is no such submission")
            made: Json = earlier or {"submissionId": f"sub_{len(self.submissions) + 1:06}", "submissionTime": at, "startedAt": at}
            made |= {"lastUpdatedAt": at, "questions": [_question(name, value) for name, value in answers.items()]}
            made |= {"calculations": [], "urlParameters": [{"id": "test", "name": "test", "value": "1"}] if test else []}
            if earlier is None:
                self.submissions.append(made)
            return made

    def upload(self, file: Json, *, base_url: str) -> Json:
        """Store a file and return {"url", "filename"}, the form in which an answer names it. The URL is signed, as with file
        stores."""
        with self.lock:
            self.uploads += 1
            name = f"file_{self.uploads:06}"
            content = base64.b64decode(file.get("content", ""), validate=True)
            if not file.get("is_gone"):
                self.files[name] = (content, str(file.get("content_type", "application/octet-stream")))
        return {"url": f"{base_url}files/{name}?signed=1", "filename": str(file.get("filename", ""))}

    def may_ask(self) -> bool:
        """Count a call and return True if the rate limit of `per_second` allows it."""
        with self.lock:
            now = time.monotonic()
            while self.asked and now - self.asked[0] > 1:
                self.asked.popleft()
            self.asked.append(now)
            return len(self.asked) <= self.per_second


def simulate(_memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    """Return (the application, the function that ends it). The application stores nothing over a restart."""
    return create_fillout_app(), lambda: None


def create_fillout_app(account: FormAccount | None = None) -> Flask:
    """Build the simulator of Fillout; `account` is its state, for tests that look into it."""
    app, clock = Flask("simulated_fillout"), SimClock()
    state = account or FormAccount(clock.now)
    app.config["ACCOUNT"] = state
    app.register_blueprint(_api(state))
    app.register_blueprint(_store(state))
    install_controls(
        app, reset=state.forget, emit=lambda order: _emit(state, order), configure=lambda new: _configure(state, new), clock=clock
    )
    return app


def _configure(account: FormAccount, changes: Json) -> Json:
    known = ("hook_url", "api_key", "per_second", "by_hand")
    if set(changes) - set(known):
        raise BadOrder(f"settings are {', '.join(known)}")
    for name, value in changes.items():
        setattr(account, name, value)
    return {name: getattr(account, name) for name in known}


def _emit(account: FormAccount, order: Json) -> Json:
    shape = order.get("shape", "envelope")
    if shape not in SHAPES:
        raise BadOrder(f"shape must be one of {', '.join(SHAPES)}")
    answers = dict(order.get("answers") or EXAMPLE)
    if order.get("files"):
        answers["photo"] = [account.upload(file, base_url=request.host_url) for file in order["files"]]
    made = account.submit(answers, submission_id=order.get("submission_id", ""), test=bool(order.get("test")))
    statuses = []
    hook_url = order.get("hook_url") or account.hook_url
    if order.get("post", True) and hook_url:
        statuses = [_post(hook_url, _shaped(shape, made, answers)) for _ in range(int(order.get("times", 1)))]
    return {"submission_id": made["submissionId"], "statuses": statuses}


def _shaped(shape: str, made: Json, answers: Json) -> Json:
    if shape == "native":
        return {"formId": FORM, **made}
    if shape == "envelope":
        return {"formId": FORM, "formName": "Intake laadpaal", "submission": made}
    times = {"submissionId": made["submissionId"], "submittedAt": made["submissionTime"], "lastUpdatedAt": made["lastUpdatedAt"]}
    return {"formId": FORM, **times, "responses": answers}


def _post(url: str, body: Json) -> int:
    http = urllib3.PoolManager(retries=False, timeout=10)
    return http.request("POST", url, body=json.dumps(body), headers={"Content-Type": "application/json"}, redirect=False).status


def _api(account: FormAccount) -> Blueprint:
    routes = Blueprint("fillout_api", __name__)

    @routes.before_request
    def check() -> tuple[Response, int, dict[str, str]] | None:
        if request.headers.get("Authorization") != f"Bearer {account.api_key}":
            return _refusal(401, "Unauthorized", "Invalid API key")
        return None if account.may_ask() else _refusal(429, "Too Many Requests", "Rate limit exceeded", {"retry-after": "1"})

    @routes.get("/forms")
    def forms() -> Response:
        return jsonify([{"name": "Intake laadpaal", "formId": FORM}])

    @routes.get("/forms/<form_id>")
    def form(form_id: str) -> Response | tuple[Response, int, dict[str, str]]:
        return (
            jsonify(id=FORM, name="Intake laadpaal", questions=[])
            if form_id == FORM
            else _refusal(404, "Not Found", "No such form")
        )

    @routes.get("/forms/<form_id>/submissions")
    def submissions(form_id: str) -> Response | tuple[Response, int, dict[str, str]]:
        if form_id != FORM:
            return _refusal(404, "Not Found", "No such form")
        return _listed(account)

    return routes


def _store(account: FormAccount) -> Blueprint:
    """Return the routes of the file store: whoever has a signed address gets the file."""
    routes = Blueprint("fillout_files", __name__)

    @routes.get("/files/<name>")
    def file(name: str) -> Response:
        if name not in account.files or "signed" not in request.args:
            return Response(status=403)
        content, content_type = account.files[name]
        return Response(content, content_type=content_type)

    return routes


def _listed(account: FormAccount) -> Response | tuple[Response, int, dict[str, str]]:
    limit, offset, after = (
        int(request.args.get("limit", "50")),
        int(request.args.get("offset", "0")),
        request.args.get("afterDate"),
    )
    if not 1 <= limit <= 150:
        return _refusal(400, "Bad Request", '["limit must be between 1 and 150"]')
    with account.lock:
        found = [one for one in account.submissions if not after or one["submissionTime"] > _stamp(datetime.fromisoformat(after))]
    pages = -(-len(found) // limit)
    return jsonify(responses=found[offset : offset + limit], totalResponses=len(found), pageCount=pages)


def _refusal(
    status: int, error: str, message: str, headers: dict[str, str] | None = None
) -> tuple[Response, int, dict[str, str]]:
    return jsonify(statusCode=status, error=error, message=message), status, headers or {}


def _question(name: str, value: Any) -> Json:
    return {"id": f"q_{name}", "name": name, "type": TYPES.get(name, "ShortAnswer"), "value": value}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

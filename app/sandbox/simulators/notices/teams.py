"""Simulate Teams workflows: refuse what real ones refuse, and show which cards arrived.

POST /powerautomate/automations/direct/workflows/<id>/triggers/manual/paths/invoke?…&sig=…   202
POST /__sim/workflows        a new one: {"id", "url"}
GET  /__sim/workflows        {"workflows": [{"id", "url"}]}, the newest last
POST /__sim/workflows/<id>   {"mode": "fine" | "deleted" | "busy" | "lost" (202, and no card) | "late" (502, and a card) | …}
GET  /__sim/cards            cards that arrived, newest first
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.common import Json

MOST_BYTES = 28_000
# Calls within so many seconds.
LIMITS = ((1, 4), (30, 60), (3_600, 100), (7_200, 150), (86_400, 1_800))
MODES = ("fine", "deleted", "not_anyone", "busy", "large", "broken", "late", "lost", "legacy")
FORBIDDEN_ACTIONS = frozenset({"Action.Submit", "Action.Execute"})
CARD_TYPE = "application/vnd.microsoft.card.adaptive"


class BadCard(ValueError):
    """Raised when a real workflow would fail on the card. The exception's text says why."""


@dataclass
class Workflow:
    """A simulated workflow. `calls` has the time of each call, to check the rate limits."""

    id: str
    signature: str
    mode: str = "fine"
    calls: list[datetime] = field(default_factory=list)


@dataclass
class Teams:
    """State of the simulated Teams."""

    now: Callable[[], datetime]
    workflows: dict[str, Workflow] = field(default_factory=dict)
    cards: list[Json] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Forget the workflows and the cards."""
        with self.lock:
            self.workflows.clear()
            self.cards.clear()

    def add(self, origin: str, workflow_id: str = "", signature: str = "") -> Json:
        """Add a workflow and return {"id", "url"}. Pass a former id and signature to get the former URL again."""
        made = Workflow(workflow_id or os.urandom(16).hex(), signature or os.urandom(24).hex())
        with self.lock:
            self.workflows[made.id] = made
        return _told(origin, made)

    def list(self, origin: str) -> Json:
        """Return {"workflows": [{"id", "url"}]}, the newest last."""
        with self.lock:
            return {"workflows": [_told(origin, one) for one in self.workflows.values()]}

    def take(self, workflow: Workflow, body: bytes) -> tuple[int, str, dict[str, str]]:
        """Take one call of a workflow; return the answer's status, body and headers."""
        refused = {"deleted": 404, "not_anyone": 401, "large": 413, "broken": 503}.get(workflow.mode)
        if refused:
            return refused, "", {}
        if workflow.mode == "busy" or self._too_fast(workflow):
            return 429, "", {"Retry-After": "9"}
        if len(body) > MOST_BYTES:
            return 413, "RequestEntityTooLarge", {}
        try:
            card = read_card(body)
        except BadCard as error:
            return 400, json.dumps({"error": {"code": "TriggerInputSchemaMismatch", "message": str(error)}}), {}
        if workflow.mode == "legacy":
            return 200, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429", {}
        if workflow.mode != "lost":
            with self.lock:
                self.cards.append({"workflow": workflow.id, "card": card, "size_bytes": len(body), "at": self.now().isoformat()})
        return (502, "", {}) if workflow.mode == "late" else (202, "", {})

    def _too_fast(self, workflow: Workflow) -> bool:
        now = self.now()
        with self.lock:
            too_fast = any(
                sum(call > now - timedelta(seconds=seconds) for call in workflow.calls) >= most for seconds, most in LIMITS
            )
            workflow.calls.append(now)
        return too_fast


def _told(origin: str, workflow: Workflow) -> Json:
    path = f"/powerautomate/automations/direct/workflows/{workflow.id}/triggers/manual/paths/invoke"
    query = f"api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={workflow.signature}"
    return {"id": workflow.id, "url": f"{origin}{path}?{query}"}


def read_card(body: bytes) -> Json:
    """Return the Adaptive Card in the JSON envelope `body`. Raises `BadCard` if Teams would not accept the card."""
    try:
        attachments = json.loads(body)["attachments"]
        content = attachments[0]["content"]
        is_card = attachments[0]["contentType"] == CARD_TYPE and content["type"] == "AdaptiveCard"
    except (ValueError, LookupError, TypeError) as error:
        raise BadCard("no envelope with an attachment") from error
    if not is_card or tuple(int(part) for part in str(content.get("version", "9")).split(".")) > (1, 5):
        raise BadCard("no Adaptive Card of version 1.5 or before")
    if not content.get("body"):
        raise BadCard("an empty body")
    for part in _parts(content):
        _check_part(part)
    _check_mentions(content)
    return dict(content)


def _check_mentions(content: Json) -> None:
    texts = [str(part.get("text", "")) for part in content["body"] if part.get("type") == "TextBlock"]
    for entity in content.get("msteams", {}).get("entities", ()):
        if not any(entity["text"] in text for text in texts) or "@" not in entity["mentioned"]["id"]:
            raise BadCard("a mention of nobody on the card")


def _check_part(part: Json) -> None:
    if part.get("type") in FORBIDDEN_ACTIONS:
        raise BadCard(f"{part['type']} is not carried out")
    if part.get("type") == "Action.OpenUrl" and not str(part.get("url", "")).startswith(("http://", "https://")):
        raise BadCard("an address that is none")
    if part.get("type") == "TextBlock" and not part.get("text"):
        raise BadCard("a text without text")


def _parts(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(inner)


def teams_routes(teams: Teams) -> Blueprint:
    """Return the routes of the workflows and their controls."""
    routes = Blueprint("simulated_teams", __name__)

    @routes.post("/powerautomate/automations/direct/workflows/<workflow_id>/triggers/manual/paths/invoke")
    def invoke(workflow_id: str) -> tuple[str, int, dict[str, str]]:
        workflow = teams.workflows.get(workflow_id)
        if workflow is None:
            return "", 404, {}
        if request.args.get("sig") != workflow.signature or "%2Ftriggers%2Fmanual%2Frun" not in request.query_string.decode():
            return "", 401, {}
        status, body, headers = teams.take(workflow, request.get_data())
        return body, status, headers

    @routes.post("/__sim/workflows")
    def add_workflow() -> Response:
        order = request.get_json(silent=True, force=True) or {}
        return jsonify(teams.add(request.host_url.rstrip("/"), order.get("id", ""), order.get("signature", "")))

    @routes.get("/__sim/workflows")
    def list_workflows() -> Response:
        return jsonify(teams.list(request.host_url.rstrip("/")))

    @routes.post("/__sim/workflows/<workflow_id>")
    def change_workflow(workflow_id: str) -> Response | tuple[Response, int]:
        mode = (request.get_json(silent=True, force=True) or {}).get("mode", "fine")
        if workflow_id not in teams.workflows or mode not in MODES:
            return jsonify(error="no such workflow or mode"), 404
        teams.workflows[workflow_id].mode = mode
        return jsonify(ok=True)

    @routes.get("/__sim/cards")
    def cards() -> Response:
        return jsonify(cards=list(reversed(teams.cards)))

    return routes

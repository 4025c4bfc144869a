"""Calendars: events that tests and demos put there, and calendarView/delta.

POST /__sim/calendar   {"mailbox", "id", "subject", "start": "2026-12-01T09:00:00", "place", "all_day", "cancelled", "remove"};
                       times are UTC; answers the id, which is new where none is given
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.simulators.graph.calls import Call, Routes
from app.simulators.graph.problems import GraphProblem, bad_request
from app.simulators.graph.store import Json
from app.simulators.graph.tenant import Tenant

READ = ("Calendars.Read", "Calendars.ReadWrite")
_REFUSED = ("$select", "$expand", "$filter", "$orderby", "$search")


def calendar_routes(tenant: Tenant) -> Blueprint:
    routes = Routes(tenant, "calendars")

    @routes.on("GET", "/calendarView/delta", READ)
    def sync_calendar(call: Call) -> Response:
        if any(name in request.args for name in _REFUSED):
            raise bad_request("The query parameter is not supported with change tracking.", "ErrorInvalidUrlQuery")
        token = request.args.get("$deltatoken")
        if token is None and not (request.args.get("startDateTime") and request.args.get("endDateTime")):
            raise bad_request("This request requires a time window.", "ErrorInvalidParameter")
        if token is not None and not token.isdigit():
            raise GraphProblem(410, "syncStateNotFound", "The sync state generation is not found.")
        changes = tenant.calendars.get(call.mailbox.address, [])
        latest = {one["id"]: one for one in changes[int(token or 0) :]}
        link = f"{request.host_url}v1.0/users/{call.mailbox.address}/calendarView/delta?$deltatoken={len(changes)}"
        return jsonify({"value": list(latest.values()), "@odata.deltaLink": link})

    return routes.blueprint


def calendar_controls(tenant: Tenant) -> Blueprint:
    routes = Blueprint("graph_calendar_controls", __name__, url_prefix="/__sim")

    @routes.post("/calendar")
    def put_event() -> Response:
        body: Json = request.get_json(force=True)
        event_id = str(body.get("id") or f"AAkEvent{secrets.token_urlsafe(12)}=")
        with tenant.store.lock:
            tenant.calendars.setdefault(str(body["mailbox"]).lower(), []).append(_shown(event_id, body))
        return jsonify(id=event_id)

    return routes


def _shown(event_id: str, body: Json) -> dict[str, Any]:
    if body.get("remove"):
        return {"id": event_id, "@removed": {"reason": "deleted"}}
    return {
        "id": event_id,
        "subject": body.get("subject", ""),
        "start": {"dateTime": f"{body['start']}.0000000", "timeZone": "UTC"},
        "location": {"displayName": body.get("place", "")},
        "isAllDay": bool(body.get("all_day")),
        "isCancelled": bool(body.get("cancelled")),
        "type": "singleInstance",
    }

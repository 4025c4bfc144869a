"""Simulate Graph's calendars: events of tests and demos, events that we write, and calendarView/delta.

POST /__sim/calendar   {"mailbox", "id", "subject", "start": "2026-12-01T09:00:00", "end", "place", "all_day", "cancelled",
                       "remove"}; times are UTC; answers the id, a new one if none is given
GET  /__sim/calendar   the events in the calendar of `mailbox`
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.graph.calls import Call, Routes, body_json, created
from app.sandbox.simulators.graph.problems import GraphProblem, bad_request, not_found
from app.sandbox.simulators.graph.store import Json
from app.sandbox.simulators.graph.tenant import Tenant

READ = ("Calendars.Read", "Calendars.ReadWrite")
WRITE = ("Calendars.ReadWrite",)
_WRITTEN = ("subject", "start", "end", "location", "transactionId", "singleValueExtendedProperties")
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

    _event_routes(routes)
    return routes.blueprint


def _event_routes(routes: Routes) -> None:
    """Add the routes that create, find, change and delete a single event.

    A transaction id creates only one event. Events are found by an extended property.
    """

    @routes.on("POST", "/events", WRITE)
    def create_event(call: Call) -> Response:
        body = body_json()
        if not body.get("start") or not body.get("end"):
            raise bad_request("Start and end are required.", "ErrorPropertyValidationFailure")
        same = body.get("transactionId")
        known = next((one for one in _standing(call).values() if same and one.get("transactionId") == same), None)
        return created(known or _put(call, {"id": f"AAkEvent{secrets.token_urlsafe(12)}=", "type": "singleInstance"}, body))

    @routes.on("GET", "/events", READ)
    def find_events(call: Call) -> Response:
        wanted = re.search(r"ep/value eq '([^']+)'", request.args.get("$filter", ""))
        if wanted is None:
            raise bad_request("Only a filter by an extended property is known here.", "ErrorInvalidUrlQuery")
        return jsonify(value=[one for one in _standing(call).values() if wanted[1] in _marks(one)])

    @routes.on("PATCH", "/events/<event_id>", WRITE)
    def change_event(call: Call, event_id: str) -> Response:
        return jsonify(_put(call, _one(call, event_id), body_json()))

    @routes.on("DELETE", "/events/<event_id>", WRITE)
    def delete_event(call: Call, event_id: str) -> Response:
        _one(call, event_id)
        _changes(call.tenant, call.mailbox.address).append({"id": event_id, "@removed": {"reason": "deleted"}})
        return Response(status=204)


def _changes(tenant: Tenant, address: str) -> list[Json]:
    return tenant.calendars.setdefault(address.lower(), [])


def _standing(call: Call) -> dict[str, Json]:
    """Return the events in the calendar now, by id."""
    latest = {one["id"]: one for one in _changes(call.tenant, call.mailbox.address)}
    return {key: one for key, one in latest.items() if "@removed" not in one}


def _one(call: Call, event_id: str) -> Json:
    found = _standing(call).get(event_id)
    if found is None:
        raise not_found()
    return found


def _put(call: Call, former: Json, body: Json) -> Json:
    written = {name: body[name] for name in _WRITTEN if name in body}
    event = {**former, **written, "lastModifiedDateTime": f"{call.tenant.now():%Y-%m-%dT%H:%M:%S.%f0Z}"}
    _changes(call.tenant, call.mailbox.address).append(event)
    return event


def _marks(event: Json) -> list[str]:
    return [str(one.get("value")) for one in event.get("singleValueExtendedProperties", [])]


def calendar_controls(tenant: Tenant) -> Blueprint:
    routes = Blueprint("graph_calendar_controls", __name__, url_prefix="/__sim")

    @routes.post("/calendar")
    def put_event() -> Response:
        body: Json = request.get_json(force=True)
        event_id = str(body.get("id") or f"AAkEvent{secrets.token_urlsafe(12)}=")
        with tenant.store.lock:
            changes = _changes(tenant, str(body["mailbox"]))
            former = next((one for one in reversed(changes) if one["id"] == event_id and "@removed" not in one), {})
            changed = f"{tenant.now():%Y-%m-%dT%H:%M:%S.%f0Z}"
            changes.append({**former, **_shown(event_id, body), "lastModifiedDateTime": changed})
        return jsonify(id=event_id)

    @routes.get("/calendar")
    def show_events() -> Response:
        with tenant.store.lock:
            latest = {one["id"]: one for one in _changes(tenant, request.args["mailbox"])}
        return jsonify(events=[one for one in latest.values() if "@removed" not in one])

    return routes


def _shown(event_id: str, body: Json) -> dict[str, Any]:
    if body.get("remove"):
        return {"id": event_id, "@removed": {"reason": "deleted"}}
    return {
        "id": event_id,
        "subject": body.get("subject", ""),
        "start": {"dateTime": f"{body['start']}.0000000", "timeZone": "UTC"},
        **({"end": {"dateTime": f"{body['end']}.0000000", "timeZone": "UTC"}} if body.get("end") else {}),
        "location": {"displayName": body.get("place", "")},
        "isAllDay": bool(body.get("all_day")),
        "isCancelled": bool(body.get("cancelled")),
        "type": "singleInstance",
    }

"""Routes of push devices (browsers), and the service worker that shows pushes."""

from __future__ import annotations

import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, abort, current_app, flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.notifications.push.devices import add_device, forget_device, parse_device, renew_device
from app.domain.notifications.senders import push_sender
from app.providers.web_push.encryption import BadSubscription
from app.web.accounts.session import current_viewer
from app.web.notifications.blueprint import bp

WORKER_POLICY = "default-src 'none'; connect-src 'self'"


@bp.get("/sw.js")
def service_worker() -> Response:
    """Serve the service worker at the root, so that its scope is every page. Browsers must check for a new version each time."""
    response = Response(_worker(str(current_app.static_folder)), mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = WORKER_POLICY
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@lru_cache(maxsize=1)
def _worker(folder: str) -> bytes:
    return (Path(folder) / "sw.js").read_bytes()


@bp.get("/settings/notifications/key")
def push_key() -> ResponseReturnValue:
    """Return `key`, our public push key with which a browser subscribes, and `token`, a CSRF token for the service worker."""
    current_viewer()
    with transaction() as session:
        return jsonify(key=push_sender(session).key.public, token=generate_csrf())


@bp.post("/settings/notifications/devices")
def add() -> ResponseReturnValue:
    """Add this browser as a push device of the viewer. The JSON body is the browser's `PushSubscription.toJSON()`."""
    viewer = current_viewer()
    try:
        device = _parse(request.get_json(silent=True))
    except BadSubscription:
        return jsonify(problem=_("Switchyard does not support this browser’s push service.")), 422
    with transaction() as session:
        added = add_device(session, device, user_id=viewer.user_id, session_id=current_user.session_id, now=utc_now())
    return jsonify(id=str(added.id)), 201


@bp.post("/settings/notifications/devices/renewal")
def renew() -> ResponseReturnValue:
    """Replace the browser's push subscription. The JSON body is {"old": endpoint, "subscription": the new one, or none}.

    Answers 410 if we have no subscription of this browser, which may then delete its own.
    """
    viewer, body = current_viewer(), request.get_json(silent=True) if request.is_json else None
    if not isinstance(body, dict) or not isinstance(body.get("old"), str):
        abort(422)
    try:
        device = _parse(body["subscription"]) if body.get("subscription") else None
    except BadSubscription:
        device = None
    with transaction() as session:
        kept = renew_device(
            session, body["old"], device, user_id=viewer.user_id, session_id=current_user.session_id, now=utc_now()
        )
    return ("", 204) if kept else ("", 410)


@bp.post("/settings/notifications/devices/<uuid:device_id>/removal")
def remove(device_id: uuid.UUID) -> ResponseReturnValue:
    """Remove one of the viewer's push devices."""
    viewer = current_viewer()
    with transaction() as session:
        if not forget_device(session, user_id=viewer.user_id, device_id=device_id):
            abort(404)
    flash(_("This browser no longer gets notifications."))
    return redirect(url_for("notifications.preferences"), 303)


def _parse(body: Any) -> Any:
    return parse_device(body, allowed=runtime().settings.push_hosts, user_agent=request.user_agent.string)

"""Answer a change of an order: its page with a toast, a fragment, or a redirect."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import flash, make_response, request
from werkzeug.wrappers import Response

from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.web.orders.beside import to_order
from app.web.orders.pages import order_page

CASE, STAY_SECONDS = "order-case", 8


def done(order_id: uuid.UUID, said: str, *, undo: str = "") -> Response:
    """Answer that the change was made, with the message `said`. `undo`: the URL that undoes it, or "" if it cannot be undone."""
    runtime().nudger.nudge()
    if not request.headers.get("HX-Request"):
        flash(said)
        return to_order(order_id)
    way_back = {"undo_label": _("Undo"), "undo_url": undo, "stay_seconds": STAY_SECONDS}  # and Z takes it
    toast = {"text": said, **(way_back if undo else {})}
    if request.headers.get("HX-Target") == CASE:
        response = order_page(order_id)
        response.headers["HX-Trigger"] = json.dumps({"toast": toast})
        return response
    return _quietly(toast)


def refused(order_id: uuid.UUID, field: str, why: str, *, status: int) -> Response:
    """Answer that the change was refused: the order's page with the reason `why` at the field `field`.

    A board gets only a toast with the reason, and an event on which it reloads.
    """
    if request.headers.get("HX-Request") and request.headers.get("HX-Target") != CASE:
        return _quietly({"text": why, "tone": "alert"})
    return order_page(order_id, errors={field: why}, status=status)


def _quietly(toast: dict[str, Any]) -> Response:
    response: Response = make_response("", 204)
    response.headers["HX-Trigger"] = json.dumps({"toast": toast, "orders-changed": True, "appointments-changed": True})
    return response

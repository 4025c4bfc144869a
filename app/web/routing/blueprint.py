"""Blueprint of the routing pages. Every request of a user shows that the user is online."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from flask import Blueprint, Response, current_app, g, request
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.core.after_response import after_answer
from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.queries import ChannelMissing
from app.domain.routing.actions import note_seen, set_availability
from app.domain.routing.models import AvailabilityState
from app.domain.routing.queries import RuleMissing
from app.domain.routing.words import FILTERS
from app.web import error_pages

bp = Blueprint("routing", __name__)
PHONE = re.compile(r"Mobile|Android|iPhone|iPad", re.IGNORECASE)


def on_phone() -> bool:
    """Return True if the request comes from a phone or tablet. Such a device sends no requests while it sleeps."""
    return bool(PHONE.search(request.headers.get("User-Agent", "")))


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    return None


@bp.errorhandler(RuleMissing)
@bp.errorhandler(ChannelMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.after_app_request
def _notice(response: Response) -> Response:
    """Note that the user is online, whenever the session's last use is written: at most once a minute for each browser.

    See `app/web/accounts/session.py`.
    """
    if g.get("unseen_session_id") is not None and request.endpoint != "accounts.sign_out":
        sign = partial(note_seen, user_id=current_user.user_id, now=utc_now(), on_phone=on_phone())
        after_answer(response, sign)
    return response


@bp.before_app_request
def _leaving() -> None:
    """Set the user offline when they sign out."""
    if request.endpoint == "accounts.sign_out" and current_user.is_authenticated:
        with transaction() as session:
            viewer = current_user.viewer
            set_availability(session, viewer.user_id, AvailabilityState.OFFLINE, now=utc_now(), actor=viewer.actor)


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(FILTERS)

"""Blueprint of the technicians' pages, with the Jinja filters of their templates. Its page layout is small, for slow
connections."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.domain.appointments.queries import AppointmentMissing
from app.domain.field.access import VisitMissing
from app.domain.orders.queries import OrderMissing
from app.web import error_pages
from app.web.field import words

bp = Blueprint("field", __name__)
public = Blueprint("field_public", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    return None


@bp.errorhandler(VisitMissing)
@bp.errorhandler(AppointmentMissing)
@bp.errorhandler(OrderMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.after_request
def _say_whose(response: Any) -> Any:
    """Add the signed-in user's id to the response, because a phone shows a stored page only to the user it belongs to."""
    if current_user.is_authenticated:
        response.headers["X-Field-User"] = str(current_user.user_id)
    return response


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)
    state.app.jinja_env.globals.update(words.GLOBALS)

"""Blueprint of the appointment pages, with the Jinja filters of their templates."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.domain.appointments.queries import AppointmentMissing
from app.domain.orders.queries import OrderMissing
from app.domain.threads.queries import ThreadMissing
from app.web import error_pages
from app.web.appointments import words

bp = Blueprint("appointments", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    return None


@bp.errorhandler(AppointmentMissing)
@bp.errorhandler(ThreadMissing)
@bp.errorhandler(OrderMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)

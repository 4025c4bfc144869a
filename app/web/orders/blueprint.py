"""Blueprint of the order pages, with the filters of their templates."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.domain.contacts.queries import ContactMissing
from app.domain.orders.queries import OrderMissing
from app.domain.threads.queries import ThreadMissing
from app.web import error_pages
from app.web.orders import words

bp = Blueprint("orders", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    g.current_view = "orders"
    return None


@bp.errorhandler(OrderMissing)
@bp.errorhandler(ThreadMissing)
@bp.errorhandler(ContactMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)

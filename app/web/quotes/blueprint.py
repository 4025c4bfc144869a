"""Blueprints of quotes: one for colleagues, one for customers who come by a link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.domain.orders.queries import OrderMissing
from app.web import error_pages

bp = Blueprint("quotes", __name__)
public = Blueprint("quotes_public", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    g.current_view = "orders"
    return None


@bp.errorhandler(OrderMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())

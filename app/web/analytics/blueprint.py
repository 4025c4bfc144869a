"""Blueprint of the reports, with the Jinja filters of their templates."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g
from flask_login import current_user

from app.domain.analytics import words
from app.web.analytics import sends

bp = Blueprint("analytics", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    g.current_view = "analytics"
    return None


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update({**words.FILTERS, **sends.FILTERS})

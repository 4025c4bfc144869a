"""Blueprint of the pages of automation rules."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.domain.automation.queries import RuleMissing
from app.web import error_pages

bp = Blueprint("automation", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    return None


@bp.errorhandler(RuleMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())

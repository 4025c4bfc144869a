"""Blueprint of the import pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g
from werkzeug.exceptions import NotFound

from app.domain.imports.queries import ImportMissing
from app.web import error_pages
from app.web.imports import words

bp = Blueprint("imports", __name__)


@bp.before_request
def _in_orders() -> None:
    g.current_view = "orders"


@bp.errorhandler(ImportMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)

"""Blueprint of the reply template pages, with the filters of their templates."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app.domain.reply_templates import views
from app.domain.reply_templates.queries import TemplateMissing
from app.domain.threads.queries import ThreadMissing
from app.web import error_pages

bp = Blueprint("reply_templates", __name__)


@bp.errorhandler(TemplateMissing)
@bp.errorhandler(ThreadMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    filters = {"category_words": views.category_words, "language_words": views.language_words}
    state.app.jinja_env.filters.update(filters, problem_words=views.problem_words)

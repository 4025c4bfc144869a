"""Blueprints of surveys: our pages, and the customer's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app.domain.surveys.queries import SurveyMissing
from app.domain.threads.queries import ThreadMissing
from app.web import error_pages
from app.web.surveys import words

bp = Blueprint("surveys", __name__)
public = Blueprint("surveys_public", __name__)


@bp.errorhandler(SurveyMissing)
@bp.errorhandler(ThreadMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)

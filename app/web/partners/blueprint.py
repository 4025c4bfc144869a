"""Blueprint of the partner pages, for those who manage partners."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app.domain.partners.people import PersonMissing
from app.domain.partners.queries import PartnerKeyMissing, PartnerMissing
from app.web import error_pages
from app.web.partners import words

bp = Blueprint("partners", __name__)


@bp.errorhandler(PartnerMissing)
@bp.errorhandler(PartnerKeyMissing)
@bp.errorhandler(PersonMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)

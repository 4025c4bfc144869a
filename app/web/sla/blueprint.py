"""Blueprint of the SLA pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app.domain.sla.queries import RulesMissing
from app.domain.threads.queries import ThreadMissing
from app.web import error_pages

bp = Blueprint("sla", __name__)


@bp.errorhandler(ThreadMissing)
@bp.errorhandler(RulesMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())

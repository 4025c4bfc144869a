"""The one blueprint of this feature's pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app import error_pages
from app.inbox.queries import ThreadMissing
from app.sla.queries import RulesMissing

bp = Blueprint("sla", __name__)


@bp.errorhandler(ThreadMissing)
@bp.errorhandler(RulesMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())

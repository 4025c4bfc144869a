"""Blueprint of the pages of automatic answers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.exceptions import NotFound

from app.domain.connections.queries import ChannelMissing
from app.web import error_pages

bp = Blueprint("auto_replies", __name__)


@bp.errorhandler(ChannelMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())

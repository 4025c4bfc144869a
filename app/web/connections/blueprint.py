"""Blueprint of the channels' pages, with the Jinja filters of their templates."""

from __future__ import annotations

from flask import Blueprint

from app.domain.connections import views

bp = Blueprint("connections", __name__)


@bp.record_once
def _register_filters(state: object) -> None:
    filters = {"channel_type_words": views.channel_type_words, "health_words": views.health_words}
    state.app.jinja_env.filters.update(filters)  # type: ignore[attr-defined]

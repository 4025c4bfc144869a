"""Blueprint of the integration pages, with the filters of their templates."""

from __future__ import annotations

from flask import Blueprint

from app.core.translation import gettext as _
from app.providers.registry import LABELS, PROVIDERS

bp = Blueprint("integrations", __name__)


def provider_words(value: str) -> str:
    return LABELS[value]


def provider_about(value: str) -> str:
    return _(next(one.about for one in PROVIDERS if one.key == value))


@bp.record_once
def _register_filters(state: object) -> None:
    filters = {"provider_words": provider_words, "provider_about": provider_about}
    state.app.jinja_env.filters.update(filters)  # type: ignore[attr-defined]

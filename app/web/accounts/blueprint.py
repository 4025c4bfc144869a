"""Blueprint of the account and settings pages, and the functions that every settings page needs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from app.domain.accounts.views import browser_words, role_hints, role_words, scope_hints
from app.web.accounts.doors import open_door, settings_doors

bp = Blueprint("accounts", __name__)
FILTERS = {"browser_words": browser_words, "role_words": role_words}


@bp.app_context_processor
def _template_tools() -> dict[str, Any]:
    return {"settings_doors": settings_doors, "open_door": open_door, "role_hints": role_hints, "scope_hints": scope_hints}


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(FILTERS)

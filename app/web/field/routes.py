"""All routes of the technicians' pages."""

from __future__ import annotations

from app.web.field import offline, reporting, today
from app.web.field.blueprint import bp, public

__all__ = ["offline", "reporting", "today"]

blueprints = (bp, public)

"""Routes of the technicians' pages."""

from __future__ import annotations

from app.web.field import checklists, office, offline, planner, reporting, today, uploads
from app.web.field.blueprint import bp, public

__all__ = ["checklists", "office", "offline", "planner", "reporting", "today", "uploads"]

blueprints = (bp, public)

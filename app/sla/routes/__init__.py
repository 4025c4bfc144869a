"""Clocks over HTTP: what explains them, and the settings of calendars and policies."""

from app.sla.routes import calendars, policies, thread
from app.sla.routes.blueprint import bp

__all__ = ["blueprints", "calendars", "policies", "thread"]
blueprints = (bp,)

"""Routes of SLA: the page that explains clocks, and the settings of calendars and policies."""

from app.web.sla import calendars, policies, thread
from app.web.sla.blueprint import bp

__all__ = ["blueprints", "calendars", "policies", "thread"]
blueprints = (bp,)

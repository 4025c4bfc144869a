"""Routes of the reports."""

from __future__ import annotations

from app.web.analytics import costs as costs
from app.web.analytics import exports as exports
from app.web.analytics import kept as kept
from app.web.analytics import lists as lists
from app.web.analytics import orders as orders
from app.web.analytics import pages as pages
from app.web.analytics import schedules as schedules
from app.web.analytics import wall as wall
from app.web.analytics.blueprint import bp

blueprints = (bp,)

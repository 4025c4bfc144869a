"""Routes of notifications: centre, preferences, devices."""

from app.web.notifications import centre, devices, preferences, teams, trials, unsubscribing
from app.web.notifications.blueprint import bp

__all__ = ["blueprints", "centre", "devices", "preferences", "teams", "trials", "unsubscribing"]
blueprints = (bp,)

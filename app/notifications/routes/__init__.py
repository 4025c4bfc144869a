"""Notifications over HTTP: the centre, what each user wants, and their devices."""

from app.notifications.routes import centre, devices, preferences, teams, trials, unsubscribing
from app.notifications.routes.blueprint import bp

__all__ = ["blueprints", "centre", "devices", "preferences", "teams", "trials", "unsubscribing"]
blueprints = (bp,)

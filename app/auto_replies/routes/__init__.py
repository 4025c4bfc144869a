"""Automatic answers over HTTP: the settings of each channel, what would happen now, and the log."""

from app.auto_replies.routes import pages
from app.auto_replies.routes.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp,)

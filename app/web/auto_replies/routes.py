"""Automatic answers over HTTP: the settings of each channel, what would happen now, and the log."""

from app.web.auto_replies import pages
from app.web.auto_replies.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp,)

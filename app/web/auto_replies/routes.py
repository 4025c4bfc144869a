"""Routes of automatic answers: settings of each channel, trial, log."""

from app.web.auto_replies import pages
from app.web.auto_replies.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp,)

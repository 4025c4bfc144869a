"""Templates over HTTP: the settings pages that keep them, and the picker in the composer."""

from app.web.reply_templates import picker, settings
from app.web.reply_templates.blueprint import bp

__all__ = ["blueprints", "picker", "settings"]
blueprints = (bp,)

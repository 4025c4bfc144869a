"""Templates over HTTP: the settings pages that keep them, and the picker in the composer."""

from app.reply_templates.routes import picker, settings
from app.reply_templates.routes.blueprint import bp

__all__ = ["blueprints", "picker", "settings"]
blueprints = (bp,)

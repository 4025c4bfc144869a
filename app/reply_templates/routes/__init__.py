"""Templates over HTTP: the settings pages that keep them."""

from app.reply_templates.routes import settings
from app.reply_templates.routes.blueprint import bp

__all__ = ["blueprints", "settings"]
blueprints = (bp,)

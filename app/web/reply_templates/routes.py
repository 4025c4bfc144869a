"""Routes of reply templates: settings pages and picker."""

from app.web.reply_templates import picker, settings
from app.web.reply_templates.blueprint import bp

__all__ = ["blueprints", "picker", "settings"]
blueprints = (bp,)

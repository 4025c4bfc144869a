"""The doors of outside services, and the pages on which administrators connect them."""

from app.hooks.scenarios import hooks
from app.web.integrations import pages
from app.web.integrations.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp, hooks)

"""The doors of outside services, and the pages on which administrators connect them."""

from app.hooks.scenarios import hooks
from app.integrations.routes import pages
from app.integrations.routes.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp, hooks)

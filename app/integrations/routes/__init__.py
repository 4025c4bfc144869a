"""The doors of outside services, and the pages on which administrators connect them."""

from app.integrations.routes import pages
from app.integrations.routes.blueprint import bp
from app.integrations.routes.hooks import hooks

__all__ = ["blueprints", "pages"]
blueprints = (bp, hooks)

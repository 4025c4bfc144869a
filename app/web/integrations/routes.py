"""The pages on which administrators connect outside services."""

from app.web.integrations import pages
from app.web.integrations.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp,)

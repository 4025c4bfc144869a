"""Routes of the integration pages."""

from app.web.integrations import pages
from app.web.integrations.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp,)

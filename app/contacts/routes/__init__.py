"""The pages of contacts."""

from app.contacts.routes import details, merging, pages, writing
from app.contacts.routes.blueprint import bp

__all__ = ["blueprints", "details", "merging", "pages", "writing"]
blueprints = (bp,)

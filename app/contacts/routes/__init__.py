"""The pages of contacts."""

from app.contacts.routes import details, pages, writing
from app.contacts.routes.blueprint import bp

__all__ = ["blueprints", "details", "pages", "writing"]
blueprints = (bp,)

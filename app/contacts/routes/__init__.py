"""The pages of contacts."""

from app.contacts.routes import calling, details, merging, pages, writing
from app.contacts.routes.blueprint import bp

__all__ = ["blueprints", "calling", "details", "merging", "pages", "writing"]
blueprints = (bp,)

"""The pages of contacts."""

from app.contacts.routes import blocking, calling, details, merging, pages, writing
from app.contacts.routes.blueprint import bp

__all__ = ["blocking", "blueprints", "calling", "details", "merging", "pages", "writing"]
blueprints = (bp,)

"""Routes of the contact pages."""

from app.web.contacts import blocking, calling, details, merging, pages, writing
from app.web.contacts.blueprint import bp

__all__ = ["blocking", "blueprints", "calling", "details", "merging", "pages", "writing"]
blueprints = (bp,)

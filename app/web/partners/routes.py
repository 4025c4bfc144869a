"""The pages of partners."""

from app.web.partners import keys, pages
from app.web.partners.blueprint import bp

__all__ = ["blueprints", "keys", "pages"]
blueprints = (bp,)

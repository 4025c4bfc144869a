"""The pages of partners."""

from app.web.partners import keys, pages, products
from app.web.partners.blueprint import bp

__all__ = ["blueprints", "keys", "pages", "products"]
blueprints = (bp,)

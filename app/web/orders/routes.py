"""The pages of orders."""

from app.web.orders import articles, pages, writing
from app.web.orders.blueprint import bp

__all__ = ["articles", "blueprints", "pages", "writing"]
blueprints = (bp,)

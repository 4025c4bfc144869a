"""The pages of orders."""

from app.orders.routes import articles, pages, writing
from app.orders.routes.blueprint import bp

__all__ = ["articles", "blueprints", "pages", "writing"]
blueprints = (bp,)

"""The pages of orders."""

from app.orders.routes import pages, writing
from app.orders.routes.blueprint import bp

__all__ = ["blueprints", "pages", "writing"]
blueprints = (bp,)

"""The pages of orders."""

from app.web.orders import articles, board, lines, pages, writing
from app.web.orders.blueprint import bp

__all__ = ["articles", "blueprints", "board", "lines", "pages", "writing"]
blueprints = (bp,)

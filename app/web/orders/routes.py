"""The pages of orders."""

from app.web.orders import articles, board, lines, listing, pages, settings, writing
from app.web.orders.blueprint import bp

__all__ = ["articles", "blueprints", "board", "lines", "listing", "pages", "settings", "writing"]
blueprints = (bp,)

"""Routes of the order pages."""

from app.web.orders import articles, beside, board, comments, lines, listing, pages, regroup, settings, writing
from app.web.orders.blueprint import bp

__all__ = ["articles", "beside", "blueprints", "board", "comments", "lines", "listing", "pages", "regroup", "settings", "writing"]
blueprints = (bp,)

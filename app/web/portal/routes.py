"""Routes of the partner portal."""

from app.web.portal import agreement, callbacks, keys, orders, statements
from app.web.portal.blueprint import bp

__all__ = ["agreement", "blueprints", "callbacks", "keys", "orders", "statements"]
blueprints = (bp,)

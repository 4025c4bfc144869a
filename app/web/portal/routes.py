"""The portal of partners."""

from app.web.portal import callbacks, keys, orders, statements
from app.web.portal.blueprint import bp

__all__ = ["blueprints", "callbacks", "keys", "orders", "statements"]
blueprints = (bp,)

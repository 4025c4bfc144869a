"""Routes of the order mail pages."""

from app.web.order_mail import pages
from app.web.order_mail.blueprint import bp

__all__ = ["blueprints", "pages"]
blueprints = (bp,)

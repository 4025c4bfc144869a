"""Routes of the channels' pages."""

from app.web.connections import catalogue, connecting, folders, oauth_callback, pages, reconciliation, self_test
from app.web.connections.blueprint import bp

blueprints = (bp,)
__all__ = ["blueprints", "catalogue", "connecting", "folders", "oauth_callback", "pages", "reconciliation", "self_test"]

"""Channels on pages: looking, connecting, changing."""

from app.connections.routes import connecting, pages, reconciliation, self_test
from app.connections.routes.blueprint import bp

blueprints = (bp,)
__all__ = ["blueprints", "connecting", "pages", "reconciliation", "self_test"]

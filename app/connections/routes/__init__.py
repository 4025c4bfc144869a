"""Channels on pages: looking, connecting, changing."""

from app.connections.routes import catalogue, coming_back, connecting, folders, pages, reconciliation, self_test
from app.connections.routes.blueprint import bp

blueprints = (bp,)
__all__ = ["blueprints", "catalogue", "coming_back", "connecting", "folders", "pages", "reconciliation", "self_test"]

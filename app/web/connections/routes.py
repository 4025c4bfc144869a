"""Channels on pages: looking, connecting, changing."""

from app.web.connections import catalogue, coming_back, connecting, folders, pages, reconciliation, self_test
from app.web.connections.blueprint import bp

blueprints = (bp,)
__all__ = ["blueprints", "catalogue", "coming_back", "connecting", "folders", "pages", "reconciliation", "self_test"]

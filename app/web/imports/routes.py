"""Routes of imports and exports."""

from app.web.imports import exports, pages
from app.web.imports.blueprint import bp

__all__ = ["blueprints", "exports", "pages"]
blueprints = (bp,)

"""The pages of imports, and the files of exports."""

from app.web.imports import exports, pages
from app.web.imports.blueprint import bp

__all__ = ["blueprints", "exports", "pages"]
blueprints = (bp,)

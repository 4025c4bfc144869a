"""Routes of the pages of automation rules: list, editor, dry run, log."""

from app.web.automation import dry_run, rules
from app.web.automation.blueprint import bp

__all__ = ["blueprints", "dry_run", "rules"]
blueprints = (bp,)

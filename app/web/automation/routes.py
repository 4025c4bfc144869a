"""The pages of rules: list, editor, dry run, log."""

from app.web.automation import looking, rules
from app.web.automation.blueprint import bp

__all__ = ["blueprints", "looking", "rules"]
blueprints = (bp,)

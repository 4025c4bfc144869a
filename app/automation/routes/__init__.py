"""The pages of rules: list, editor, dry run, log."""

from app.automation.routes import looking, rules
from app.automation.routes.blueprint import bp

__all__ = ["blueprints", "looking", "rules"]
blueprints = (bp,)

"""Pages of this feature: signing in, one's own settings, the people, brands and teams."""

from app.accounts.routes import managers, own, people, sign_in, tokens
from app.accounts.routes.blueprint import bp

__all__ = ["managers", "own", "people", "sign_in", "tokens"]

blueprints = (bp,)

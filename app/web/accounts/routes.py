"""Pages of this feature: signing in, one's own settings, the people, brands and teams."""

from app.web.accounts import managers, own, people, sign_in, tokens
from app.web.accounts.blueprint import bp

__all__ = ["managers", "own", "people", "sign_in", "tokens"]

blueprints = (bp,)

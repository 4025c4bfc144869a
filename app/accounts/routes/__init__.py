"""Pages of this feature: signing in, one's own settings, the people, brands and teams."""

from app.accounts.routes import own, people, sign_in, tokens
from app.accounts.routes.blueprint import bp

__all__ = ["own", "people", "sign_in", "tokens"]

blueprints = (bp,)

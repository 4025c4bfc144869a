"""Pages of this feature: signing in, one's own settings, the people, brands and teams."""

from app.accounts.routes import own, sign_in
from app.accounts.routes.blueprint import bp

__all__ = ["own", "sign_in"]

blueprints = (bp,)

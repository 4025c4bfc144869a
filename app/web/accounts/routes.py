"""Pages of this feature: signing in, one's own settings, the people, brands and teams."""

from app.web.accounts import brands, forgotten, invitations, managers, own, people, set_up, sign_in, teams, tokens
from app.web.accounts.blueprint import bp

__all__ = ["brands", "forgotten", "invitations", "managers", "own", "people", "set_up", "sign_in", "teams", "tokens"]

blueprints = (bp,)

"""Routes of the account pages: signing in, own settings, people, brands, teams."""

from app.web.accounts import brands, forgotten, invitations, managers, own, people, set_up, sign_in, teams, tokens
from app.web.accounts.blueprint import bp

__all__ = ["brands", "forgotten", "invitations", "managers", "own", "people", "set_up", "sign_in", "teams", "tokens"]

blueprints = (bp,)

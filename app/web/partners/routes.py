"""Routes of the partner pages."""

from app.web.partners import agreement, callbacks, commissions, keys, own_api, own_bodies, pages, people, products
from app.web.partners.blueprint import bp

__all__ = ["agreement", "blueprints", "callbacks", "commissions", "keys", "own_api", "own_bodies", "pages", "people", "products"]
blueprints = (bp,)

"""Register the routes of the partner API, which the programs of partners call with partner keys.

Tokens of users do not work here: they are for the application's own API.
"""

from app.api.partners import config, docs, documents, orders, reads, status_in
from app.api.partners.door import bp

__all__ = ["blueprints", "config", "docs", "documents", "orders", "reads", "status_in"]
blueprints = (bp, docs.docs)

"""Register the routes of the partner API, which partners' programs call with keys of their own.

Users' tokens are for the application's API alone.
"""

from app.api.partners import config, docs, documents, orders, reads, status_in
from app.api.partners.door import bp

__all__ = ["blueprints", "config", "docs", "documents", "orders", "reads", "status_in"]
blueprints = (bp, docs.docs)

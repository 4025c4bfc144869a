"""Routes of the webhook pages."""

from __future__ import annotations

from app.web.webhooks import log, pages
from app.web.webhooks.blueprint import bp

__all__ = ["log", "pages"]
blueprints = (bp,)

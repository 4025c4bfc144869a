"""Routes of surveys: customer's page, settings of each brand, answers beside threads and contacts."""

from app.web.surveys import answering, beside, settings
from app.web.surveys.blueprint import bp, public

__all__ = ["answering", "beside", "blueprints", "settings"]
blueprints = (bp, public)

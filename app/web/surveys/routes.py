"""Surveys over HTTP: the customer's page, the settings of each brand, and what was said beside a conversation and a contact."""

from app.web.surveys import answering, beside, settings
from app.web.surveys.blueprint import bp, public

__all__ = ["answering", "beside", "blueprints", "settings"]
blueprints = (bp, public)

"""The WhatsApp Business Cloud channel type; see `adapter.py` for what it needs and guarantees."""

from app.providers.whatsapp.adapter import WhatsAppAdapter
from app.providers.whatsapp.templates import TemplateDefinition, template_problems
from app.providers.whatsapp.webhook import business_account_ids, challenge_answer, phone_number_ids
from app.providers.whatsapp.window import window_closes_at

__all__ = [
    "TemplateDefinition",
    "WhatsAppAdapter",
    "business_account_ids",
    "challenge_answer",
    "phone_number_ids",
    "template_problems",
    "window_closes_at",
]

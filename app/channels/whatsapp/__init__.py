"""The WhatsApp Business Cloud channel type; see `adapter.py` for what it needs and guarantees."""

from app.channels.whatsapp.adapter import WhatsAppAdapter
from app.channels.whatsapp.templates import TemplateDefinition, template_problems
from app.channels.whatsapp.webhook import business_account_ids, challenge_answer, phone_number_ids
from app.channels.whatsapp.window import window_closes_at

__all__ = [
    "TemplateDefinition",
    "WhatsAppAdapter",
    "business_account_ids",
    "challenge_answer",
    "phone_number_ids",
    "template_problems",
    "window_closes_at",
]

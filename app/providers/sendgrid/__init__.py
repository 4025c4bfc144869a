"""SendGrid: mail sent over its API, reports by webhook. What it takes in comes by its inbound parse (../intake.py)."""

from app.providers.sendgrid.adapter import CONNECT_FIELDS, STEPS, SendGridMail
from app.providers.sendgrid.events import channel_ids

__all__ = ["CONNECT_FIELDS", "STEPS", "SendGridMail", "channel_ids"]

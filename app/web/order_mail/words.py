"""Put order mails into words. No database."""

from __future__ import annotations

from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.domain.partners.mail_models import ReadingState
from app.domain.partners.order_mail.labels import ADDRESS, DATE, EMAIL, LINES, NAME, NOTES, PHONE, REFERENCE

FIELDS = {
    REFERENCE: N_("Partner’s order number"),
    NAME: N_("Name"),
    EMAIL: N_("Email"),
    PHONE: N_("Phone"),
    ADDRESS: N_("Installation address"),
    LINES: N_("Ordered products, one per line"),
    DATE: N_("Preferred date"),
    NOTES: N_("Note"),
}
STATES = {
    ReadingState.REVIEW: N_("To review"),
    ReadingState.CHANGE: N_("Order change"),
    ReadingState.CANCELLATION: N_("Cancellation"),
    ReadingState.ACCEPTED: N_("Accepted"),
    ReadingState.DUPLICATE: N_("Duplicate"),
    ReadingState.NOT_AN_ORDER: N_("Not an order"),
}
REASONS = {
    "missing": N_("Required order details are missing."),
    "cancels": N_("The email mentions cancelling, but we have no order with this number."),
    "layout": N_("Not enough emails with this layout have been reviewed yet."),
    "sender": N_("The sender is not verified."),
    "doubt": N_("Some details are uncertain."),
}


def field_words(path: str) -> str:
    return _(FIELDS[path])


def reading_words(state: ReadingState) -> str:
    return _(STATES[state])


def reason_words(reason: str) -> str:
    return _(REASONS[reason]) if reason in REASONS else ""


FILTERS = {"order_mail_field": field_words, "order_mail_state": reading_words, "order_mail_reason": reason_words}

"""List the quick texts (visit texts) for a visit, with their variables filled in for its customer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.appointments.models import Appointment
from app.domain.appointments.template_facts import visit_facts
from app.domain.contacts.models import Contact
from app.domain.field.effects import language_of
from app.domain.orders.models import Order
from app.domain.reply_templates.queries import get_facts
from app.domain.reply_templates.variables import fill
from app.domain.reply_templates.views import date_in
from app.domain.reply_templates.visit_texts import list_visit_templates
from app.domain.threads.models import Thread


def quick_texts(session: Session, visit: Appointment, *, viewer: Viewer, now: datetime) -> list[str]:
    """Return the quick texts for the visit's thread in the customer's language, with their variables filled in.

    A text is left out if a variable has no value. Return [] if the visit has no thread.
    """
    thread = session.get(Thread, visit.thread_id) if visit.thread_id else None
    if thread is None:
        return []
    contact, brand = session.get_one(Contact, visit.contact_id), session.get_one(Brand, visit.brand_id)
    language = language_of(contact, brand)
    templates = list_visit_templates(session, brand_id=brand.id, medium=thread.medium, language=language)
    if not templates:
        return []
    order = session.get(Order, visit.order_id) if visit.order_id else None
    facts = get_facts(session, thread=thread, viewer=viewer, now=now, order=order)
    facts |= {name: value for name, value in visit_facts(session, visit_id=visit.id, language=language, now=now).items() if value}
    filled = [fill(one.text, {**facts, "date.today": date_in(one.language, now)}) for one in templates]
    return list(dict.fromkeys(one.text for one in filled if not one.missing))

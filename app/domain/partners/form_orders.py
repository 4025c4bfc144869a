"""Create orders from forms that people of a partner fill in, once for each of the partner's order numbers.

A submission without a customer or a product becomes a request without an order, like any other form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.forms import Intake, Submission
from app.core.text import mark as N_
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone
from app.domain.ingest.context import ItemResult
from app.domain.ingest.models import InboundEvent
from app.domain.integrations.forms.apply import Begun, read_form
from app.domain.integrations.models import Integration
from app.domain.integrations.write_thread import Said, begin_thread, say
from app.domain.orders.models import NAME_CHARACTERS, Order
from app.domain.partners.customers import find_customer
from app.domain.partners.incoming import ORDER_ID_CHARACTERS, IncomingLine, IncomingOrder, payload_of, warning
from app.domain.partners.models import Environment, Partner
from app.domain.partners.products import SKU_CHARACTERS, find_mapped
from app.domain.partners.queries import find_partner_order
from app.domain.partners.take_order import take_order, take_turn
from app.domain.threads.actions import lock_thread
from app.domain.threads.order_threads import find_thread_of_order

LINE = re.compile(r"(?:(?P<count>[1-9]\d{0,3})\s*[x×*]\s+)?(?P<rest>.*)")
MISSING = {
    "email": N_("The form does not contain the customer's email address."),
    "phone": N_("The form does not contain the customer's phone number."),
    "address": N_("The form has no address with a postal code."),
    "reference": N_("The form does not contain your order number; we use the number of the submission instead."),
}


def read_partner_form(session: Session, event: InboundEvent) -> list[ItemResult]:
    """Apply a posted form, from a partner's people or from anybody else, and return its results. Raises `UnableToParse`."""
    return read_form(session, event, take=_take)


def _take(
    session: Session, integration: Integration, submission: Submission, intake: Intake, said: Said, now: datetime
) -> Begun | None:
    query = sa.select(Partner).where(Partner.form_integration_id == integration.id, Partner.is_active)
    partner = session.execute(query).scalar_one_or_none()
    incoming = _incoming(session, partner, submission, intake, now=now) if partner else None
    if partner is None or incoming is None:
        return None
    number = incoming.partner_order_id
    take_turn(session, partner, Environment.LIVE, number)
    known = find_partner_order(session, partner_id=partner.id, environment=Environment.LIVE, partner_order_id=number)
    thread_id = find_thread_of_order(session, known.order_id) if known and known.order_id else None
    customer = find_customer(session, incoming, now=now)
    if thread_id is not None:
        say(session, lock_thread(session, thread_id), customer, said, now=now)
    else:
        thread = begin_thread(session, integration, customer, said, now=now)
        thread.partner_contact_id, thread_id = partner.contact_id, thread.id
    taken = take_order(session, partner, Environment.LIVE, incoming, now=now, thread_id=thread_id)
    order = session.get_one(Order, taken.row.order_id)
    return Begun(order.customer_contact_id, thread_id, order.id, order.order_number, is_new=taken.is_new)


def _incoming(
    session: Session, partner: Partner, submission: Submission, intake: Intake, *, now: datetime
) -> IncomingOrder | None:
    """Return the order in a submission.

    Return None if the name or all products are missing, or if there is neither a valid email address nor a valid phone
    number.
    """
    email, phone = _clean(clean_email, intake.email), _clean(clean_phone, intake.phone)
    name = intake.customer_name[:NAME_CHARACTERS]
    if not name or not (email or phone) or not intake.products:
        return None
    given = {
        "email": email,
        "phone": phone,
        "address": intake.address and intake.address.postal_code,
        "reference": intake.reference,
    }
    lines = _lines(session, partner, intake.products, now=now)
    number = (intake.reference or submission.external_id)[:ORDER_ID_CHARACTERS]
    products = [{"partner_sku": one.sku, "quantity": str(one.quantity), "description": one.description} for one in lines]
    return IncomingOrder(
        partner_order_id=number,
        customer_name=name,
        email=email,
        phone=phone,
        address=intake.address,
        lines=lines,
        payload=payload_of(number=number, name=name, email=email, phone=phone, address=intake.address, products=products),
        preferences={"notes": intake.notes} if intake.notes else {},
        references={"form": submission.form_name or submission.form_id, "submission": submission.external_id},
        warnings=[warning("missing", place, words) for place, words in MISSING.items() if not given[place]],
    )


def _lines(session: Session, partner: Partner, products: Sequence[str], *, now: datetime) -> list[IncomingLine]:
    """Read product number and quantity from each choice of the form, such as "2 x 50F-ZAPPI-7 zappi 7 kW".

    The product number is the word, or the whole text, that is mapped to an article. If nothing is mapped, it is the first
    word with a hyphen and a digit, or else the whole text.
    """
    read = [match for one in products if (match := LINE.fullmatch(one)) and match["rest"]]
    candidates = {match["rest"]: [match["rest"], *match["rest"].split()] for match in read}
    known = find_mapped(session, partner, [word for words in candidates.values() for word in words], now=now)
    found = []
    for match in read:
        words = candidates[match["rest"]]
        guess = next((word for word in words[1:] if "-" in word and any(sign.isdigit() for sign in word)), match["rest"])
        sku = next((word for word in words if word.casefold() in known), guess)
        found.append(IncomingLine(sku[:SKU_CHARACTERS], match["rest"], Decimal(match["count"] or 1)))
    return found


def _clean(clean: Callable[[str], str], text: str) -> str:
    """Normalise `text` with the function `clean`. Return "" if the text is empty or invalid."""
    try:
        return clean(text) if text else ""
    except NotAnAddress:
        return ""

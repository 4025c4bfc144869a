"""Mail a partner that we received its order, or that the order has a new state, once for each order and state.

The outcome is stored on the order. This module opens its own transactions, and sends the mail outside of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from flask_babel import force_locale
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.events.models import Event
from app.domain.notifications.mail.compose import SystemMail
from app.domain.orders.models import OrderStatus
from app.domain.orders.template_facts import STATUS_WORDS, language_of
from app.domain.partners.due_mails import ASKED, note_mail
from app.domain.partners.incoming import UNKNOWN_FIELD
from app.domain.partners.letters import Reader, find_reader, send_letter
from app.domain.partners.models import Partner, PartnerOrder
from app.domain.partners.queries import find_visit


def mail_status(event: Event) -> None:
    """After-commit handler of `PartnerMailDue`: mail the partner.

    A repeat is harmless: a mail with an outcome is not sent again, and a mail that is sent twice has the same Message-ID.
    """
    row_id, status = uuid.UUID(event.payload["partner_order_row_id"]), str(event.payload["status"])
    with transaction() as session:
        row = session.get(PartnerOrder, row_id)
        if row is None or row.mails.get(status) != ASKED:
            return
        partner = session.get_one(Partner, row.partner_id)
        reader = find_reader(session, partner)
        mail = _letter(session, row, OrderStatus(status), reader) if reader else None
    outcome = send_letter(mail) if mail else "impossible"
    with transaction() as session:
        note_mail(session, row_id, status, outcome)


def _letter(session: Session, row: PartnerOrder, status: OrderStatus, reader: Reader) -> SystemMail:
    number = row.partner_order_id
    with force_locale(reader.locale):
        if status == OrderStatus.NEW:
            subject = _("We received your order %(order)s", order=number)
            lines = list(_received(row))
        else:
            told = {"order": number, "status": STATUS_WORDS[language_of(reader.locale)][status]}
            subject = _("Your order %(order)s: %(status)s", **told)
            lines = [_("Your order %(order)s (our order number %(number)s): %(status)s.", number=row.order_number, **told)]
            visit = find_visit(session, row.order_id) if row.order_id else None
            if visit is not None:
                lines.append(_("Date of the visit: %(day)s.", day=f"{visit.day:%d-%m-%Y}"))
        if reader.has_portal:
            lines.append(f"{runtime().settings.public_url}/portal/orders/{row.id}")
    return SystemMail(reader.address, reader.name, subject, "\n\n".join(lines) + "\n", f"{row.id.hex}.{status.value}")


def _received(row: PartnerOrder) -> Iterator[str]:
    """Yield the lines that show what we read in the order, so that the sender can notice a mistake."""
    customer, products = row.payload.get("customer") or {}, row.payload.get("products") or row.payload.get("line_items") or []
    place = " ".join(str(one) for one in (customer.get("address") or {}).values() if one)
    numbers = {"order": row.partner_order_id, "number": row.order_number}
    yield _("We received your order %(order)s. Our order number is %(number)s.", **numbers)
    told_of = [row.customer_name, customer.get("email"), customer.get("phone"), place]
    for one in products:
        told_of.append(f"{one.get('quantity', 1)} × {one.get('partner_sku') or one.get('sku') or one.get('description')}")
    yield _("This is what we read in your order:") + "\n" + "\n".join(f"- {one}" for one in told_of if one)
    if row.unmapped_skus:
        yield _("We do not know these article numbers yet and will check them: %(skus)s.", skus=", ".join(row.unmapped_skus))
    yield from (told(one["message"]) for one in row.warnings if one["code"] != UNKNOWN_FIELD)
    yield _("We will get back to you in 24 to 48 hours.")

"""Create a partner's order, once for each of the partner's order numbers: with its thread, and a task if a person must do
something.

If the same number is sent several times at once, one transaction creates the order. The others wait for its commit and
return this order. The caller owns the transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock, try_advisory_xact_lock
from app.core.ids import new_id
from app.core.translation import gettext as _
from app.core.translation import in_language
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM, Subject, gathered, record
from app.domain.orders.actions import NewLine, NewOrder, begin_order, number_order
from app.domain.orders.models import Order, OrderSource, OrderStatus
from app.domain.partners.callbacks import tell_received
from app.domain.partners.commissions import begin_commissions
from app.domain.partners.customers import chain_of, find_customer
from app.domain.partners.dealers import find_dealer
from app.domain.partners.due_mails import ask_for_mail
from app.domain.partners.incoming import IncomingLine, IncomingOrder, changed_fields, fingerprint_of
from app.domain.partners.models import Environment, Partner, PartnerOrder, Protocol
from app.domain.partners.order_thread import begin_order_thread, note_in_thread
from app.domain.partners.products import Mapped, find_mapped
from app.domain.partners.pushes import push_order
from app.domain.partners.queries import find_partner_order
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.tasks.models import TaskType
from app.domain.threads.order_threads import find_thread_of_order

SANDBOX_NUMBERS = sa.Sequence("partner_sandbox_numbers")
LONGEST_LIST = 10


@dataclass(frozen=True)
class Taken:
    """The outcome of an incoming order. `is_new` is False if the number was known.

    `changed_fields`: for a known number, the fields (JSON pointers) in which the new content differs.
    """

    row: PartnerOrder
    is_new: bool
    changed_fields: tuple[str, ...] = ()


def take_order(
    session: Session,
    partner: Partner,
    environment: Environment,
    incoming: IncomingOrder,
    *,
    now: datetime,
    thread_id: uuid.UUID | None = None,
) -> Taken:
    """Create the order, or return the existing order with the same number, which stays unchanged.

    `thread_id` is the thread from which the order comes. None: a new thread is created.
    """
    number, fingerprint = incoming.partner_order_id, fingerprint_of(incoming.payload)
    named: dict[str, Any] = {"partner_id": partner.id, "environment": environment, "partner_order_id": number}
    is_our_turn = try_advisory_xact_lock(session, _turn(partner, environment, number))
    known = find_partner_order(session, **named)
    if not is_our_turn and (known is None or fingerprint != bytes(known.fingerprint)):  # a plain repeat waits for nobody
        take_turn(session, partner, environment, number)
        known = find_partner_order(session, **named)
    if known is not None:
        return _repeat(session, partner, known, incoming, fingerprint, now=now)
    mapped = find_mapped(session, partner, [line.sku for line in incoming.lines], now=now)
    unmapped = [line.sku for line in incoming.lines if line.sku and line.sku.casefold() not in mapped]
    row = PartnerOrder(
        id=new_id(),
        partner_id=partner.id,
        environment=environment,
        partner_order_id=number,
        order_status=OrderStatus.NEW.value,
        sequence=1,
        customer_name=incoming.customer_name,
        payload=incoming.payload,
        fingerprint=fingerprint,
        warnings=list(incoming.warnings),
        unmapped_skus=list(dict.fromkeys(unmapped)),
        repeats=0,
        created_at=now,
        updated_at=now,
    )
    if environment == Environment.LIVE:
        order, thread_id = _begin_order(session, partner, incoming, mapped, row, thread_id=thread_id, now=now)
        begin_commissions(session, order, row, now=now)
        with gathered(session):
            number_order(session, order, now=now, actor=SYSTEM, thread_id=thread_id)  # from here on the brand's next order waits
            row.order_id, row.order_number = order.id, order.order_number
            _keep(session, partner, row, now=now)
        _ask_for_articles(session, partner, row, order, now=now)
    else:
        row.order_number = f"TEST-{now.year}-{session.execute(SANDBOX_NUMBERS.next_value()).scalar_one():05}"
        _keep(session, partner, row, now=now)
    tell_received(session, partner, row, now=now)
    push_order(session, partner, row, now=now)
    ask_for_mail(session, partner, row, now=now)
    return Taken(row, is_new=True)


def take_turn(session: Session, partner: Partner, environment: Environment, number: str) -> None:
    """Lock the partner's order number until the transaction ends. Other transactions that would create this order wait."""
    advisory_xact_lock(session, _turn(partner, environment, number))


def _turn(partner: Partner, environment: Environment, number: str) -> str:
    return f"partner order:{partner.id}:{environment.value}:{number}"


def _keep(session: Session, partner: Partner, row: PartnerOrder, *, now: datetime) -> None:
    session.add(row)
    session.flush()
    _tell(session, "PartnerOrderReceived", partner, row, now=now)


def _repeat(
    session: Session, partner: Partner, row: PartnerOrder, incoming: IncomingOrder, fingerprint: bytes, *, now: datetime
) -> Taken:
    count = sa.update(PartnerOrder).where(PartnerOrder.id == row.id).values(repeats=PartnerOrder.repeats + 1)
    if fingerprint == bytes(row.fingerprint):
        session.execute(count.execution_options(synchronize_session=False))
        return Taken(row, is_new=False)
    changed = changed_fields(row.payload, incoming.payload)
    told_before = row.differing is not None and row.differing["payload"] == incoming.payload
    if not told_before:
        row.differing = {"changed_fields": changed, "payload": incoming.payload, "at": now.isoformat()}
        if row.order_id is not None:
            listed = ", ".join(changed[:LONGEST_LIST]) + (" …" if len(changed) > LONGEST_LIST else "")
            with in_language(session.get_one(Brand, partner.brand_id).languages[0]):  # of whoever reads it
                words = _(
                    "%(name)s sent order %(number)s again with changes to: %(fields)s. We did not apply these changes to "
                    "the order.",
                    name=partner.name,
                    number=row.partner_order_id,
                    fields=listed,
                )
            note_in_thread(session, row.order_id, words, author_name=partner.name, now=now)
        _tell(session, "PartnerOrderDiffers", partner, row, now=now, more={"changed_fields": changed})
        session.flush()
    session.execute(count.execution_options(synchronize_session=False))
    return Taken(row, is_new=False, changed_fields=tuple(changed))


def _begin_order(
    session: Session,
    partner: Partner,
    incoming: IncomingOrder,
    mapped: dict[str, Mapped],
    row: PartnerOrder,
    *,
    thread_id: uuid.UUID | None,
    now: datetime,
) -> tuple[Order, uuid.UUID]:
    """Create the order and, without `thread_id`, its thread. Return the order and the id of the thread."""
    customer = find_customer(session, incoming, now=now)
    dealer_id = find_dealer(session, partner, incoming.references.get("dealer_group_id", ""))
    if thread_id is None:
        thread_id = begin_order_thread(session, partner, customer, incoming, row, now=now).id
    new = NewOrder(
        brand_id=partner.brand_id,
        customer_contact_id=customer.id,
        source=OrderSource.PARTNER,
        source_key=f"{partner.id}:{incoming.partner_order_id}",
        address=incoming.address,
        lines=[_line(line, mapped) for line in incoming.lines],
        notes="\n".join(f"{name}: {text}" for name, text in incoming.preferences.items()),
        account_contact_id=partner.contact_id,
        channel_contact_ids=chain_of(session, dealer_id or partner.contact_id),
        external_references={
            "partner_order_id": incoming.partner_order_id,
            **incoming.references,
            "partner_system": partner.integration_name or partner.slug,
            "created_via_api": partner.protocol in (Protocol.API, Protocol.WEBHOOK),
        },
        thread_id=thread_id,
        articles={one.article.sku.casefold(): one.article for one in mapped.values() if one.article.is_active},
        is_known_new=True,
    )
    return begin_order(session, new, now=now, actor=SYSTEM), thread_id


def _ask_for_articles(session: Session, partner: Partner, row: PartnerOrder, order: Order, *, now: datetime) -> None:
    if row.unmapped_skus:
        listed = ", ".join(row.unmapped_skus[:LONGEST_LIST])
        with in_language(session.get_one(Brand, partner.brand_id).languages[0]):
            what = _("%(name)s ordered article numbers we do not know: %(skus)s", name=partner.name, skus=listed)
        title = f"{order.order_number}: {what}"
        thread_id = find_thread_of_order(session, order.id)
        content = TaskContent(partner.brand_id, title[:300], task_type=TaskType.OTHER, thread_id=thread_id)
        create_task(session, content, now=now, actor=SYSTEM)


def _line(line: IncomingLine, mapped: dict[str, Mapped]) -> NewLine:
    found = mapped.get(line.sku.casefold())
    words = line.description or (found.article.name if found else line.sku)
    article, price = (found.article.sku, found.unit_price) if found else (line.sku, None)
    return NewLine(words, line.quantity, article, price, external_item_reference=line.item_id or line.sku)


def _tell(
    session: Session, event: str, partner: Partner, row: PartnerOrder, *, now: datetime, more: dict[str, Any] | None = None
) -> None:
    told = {
        "partner_id": str(partner.id),
        "partner_order_row_id": str(row.id),
        "order_id": str(row.order_id) if row.order_id else None,
        "order_number": row.order_number,
        "environment": row.environment.value,
        **(more or {}),
    }
    subject = Subject(brand_id=partner.brand_id)
    record(session, event, subject=subject, now=now, payload=told, about=("partner_order", row.id))

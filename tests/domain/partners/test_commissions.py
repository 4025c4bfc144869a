"""Commissions over the tree of a partner: by level, provisional, final, taken back; a statement of a month."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import ContactType
from app.domain.events.actions import SYSTEM
from app.domain.orders.actions import set_order_status
from app.domain.orders.articles import add_article
from app.domain.orders.models import Order, OrderStatus, PaymentKind
from app.domain.orders.payments import NewPayment, add_payment
from app.domain.orders.pricing import recompute_totals
from app.domain.partners.commission_models import PartnerCommission
from app.domain.partners.commissions import ZONE, set_rate, settle_commissions, share_of
from app.domain.partners.dealers import keep_dealer
from app.domain.partners.models import Environment, Partner, PartnerOrder
from app.domain.partners.move_order import move_order
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.statements import UnableToClose, close_month, following, read_statement
from app.domain.partners.take_order import take_order
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import NOW, make_brand

LATER = timedelta(days=32)
MONTH = NOW.astimezone(ZONE).date().replace(day=1)


@pytest.fixture
def volvo(app_context: Flask, db_session: Session) -> Partner:
    """An importer over a region over a dealer; the partner is the region."""

    def organization(name: str, above: object = None) -> object:
        columns = {"name": name, "contact_type": ContactType.ORGANIZATION, "parent_organization_id": above}
        return create_contact(db_session, ContactEdit(columns), actor=SYSTEM, now=NOW).id

    brand = make_brand(db_session)
    region = organization("West", organization("Importer"))
    partner = make_partner(db_session, brand, "Volvo dealer", contact_id=region)
    keep_dealer(db_session, partner, "VAN_MOSSEL_WEST", organization("Van Mossel", region), now=NOW)  # type: ignore[arg-type]
    article = add_article(db_session, brand_id=brand.id, sku="ALF", name="Alfen", unit_price=Decimal("829.30"), now=NOW)
    keep_product(db_session, partner, ProductContent("GRO-ALFEN-11", article.id), now=NOW, actor=SYSTEM)
    return partner


def order(session: Session, partner: Partner, number: str = "VLV-1", **more: object) -> PartnerOrder:
    sent = incoming(number, references={"dealer_group_id": "VAN_MOSSEL_WEST"}, **more)
    return take_order(session, partner, Environment.LIVE, sent, now=NOW).row


def earned(session: Session) -> list[tuple[int, Decimal, Decimal, str]]:
    query = sa.select(PartnerCommission).order_by(PartnerCommission.level).execution_options(populate_existing=True)
    return [(one.level, one.percent, one.amount, one.state.value) for one in session.execute(query).scalars()]


def move(session: Session, row: PartnerOrder, *statuses: OrderStatus) -> None:
    assert row.order_id is not None
    for status in statuses:
        set_order_status(session, row.order_id, status, reason="Getest", now=NOW, actor=SYSTEM)


def test_each_level_gets_its_share_and_it_is_final_when_the_order_is_completed(volvo: Partner, db_session: Session) -> None:
    row = order(db_session, volvo)
    shares = [(1, Decimal(5), Decimal("41.47")), (2, Decimal(3), Decimal("24.88")), (3, Decimal(2), Decimal("16.59"))]
    assert earned(db_session) == [(*one, "provisional") for one in shares]
    assert read_statement(db_session, volvo.id, month=MONTH).provisional == Decimal("82.94")
    complete(db_session, volvo, row)
    assert earned(db_session) == [(*one, "final") for one in shares]
    statement = read_statement(db_session, volvo.id, month=MONTH)
    assert (statement.total, statement.provisional) == (Decimal("82.94"), Decimal(0))
    assert [line.beneficiary for line in statement.lines] == ["Importer", "West", "Van Mossel"]
    assert read_statement(db_session, volvo.id, month=date(2020, 1, 1)).lines == ()


def test_it_is_taken_back_with_the_order_and_comes_again_with_it(volvo: Partner, db_session: Session) -> None:
    row = order(db_session, volvo)
    move(db_session, row, OrderStatus.CANCELLED)
    assert {state for *_rest, state in earned(db_session)} == {"reversed"}
    assert read_statement(db_session, volvo.id, month=MONTH).provisional == 0


def test_what_was_agreed_holds_from_its_day_on(volvo: Partner, db_session: Session) -> None:
    order(db_session, volvo)
    set_rate(db_session, volvo, 1, Decimal("7.5"), valid_from=NOW.astimezone(ZONE).date(), now=NOW, actor=SYSTEM)
    set_rate(db_session, volvo, 3, Decimal(0), valid_from=date(2099, 1, 1), now=NOW, actor=SYSTEM)
    order(db_session, volvo, "VLV-2")
    assert sorted((level, percent) for level, percent, *_rest in earned(db_session)) == [
        (1, Decimal(5)),
        (1, Decimal("7.5")),
        (2, Decimal(3)),
        (2, Decimal(3)),
        (3, Decimal(2)),
        (3, Decimal(2)),
    ]


def test_half_a_cent_is_rounded_up() -> None:
    assert share_of(Decimal("829.30"), Decimal(5)) == Decimal("41.47")
    assert share_of(Decimal("0.10"), Decimal(5)) == Decimal("0.01")


def test_the_base_is_what_the_order_comes_to_after_discounts_without_tax(volvo: Partner, db_session: Session) -> None:
    row = order(db_session, volvo)
    placed = db_session.get_one(Order, row.order_id)
    placed.discount_amount = Decimal("29.30")
    recompute_totals(db_session, placed)
    settle_commissions(db_session, placed, now=NOW)
    assert [amount for _level, _percent, amount, _state in earned(db_session)] == [Decimal(40), Decimal(24), Decimal(16)]


def test_it_is_taken_back_when_all_that_was_paid_went_back(volvo: Partner, db_session: Session) -> None:
    row = order(db_session, volvo)
    complete(db_session, volvo, row)
    pay(db_session, row, "P-1", 100)
    pay(db_session, row, "R-1", 60, kind=PaymentKind.REFUND)
    assert {state for *_rest, state in earned(db_session)} == {"final"}
    pay(db_session, row, "R-2", 40, kind=PaymentKind.REFUND)
    assert {state for *_rest, state in earned(db_session)} == {"reversed"}


def test_a_closed_month_stays_and_what_is_taken_back_later_is_taken_off_then(volvo: Partner, db_session: Session) -> None:
    row, other = order(db_session, volvo), order(db_session, volvo, "VLV-2")
    complete(db_session, volvo, row)
    who: dict[str, Any] = {"month": MONTH, "actor": SYSTEM}
    with pytest.raises(UnableToClose):
        close_month(db_session, volvo, now=NOW, **who)
    close_month(db_session, volvo, now=NOW + LATER, **who)
    with pytest.raises(UnableToClose):
        close_month(db_session, volvo, now=NOW + LATER, **who)
    closed = read_statement(db_session, volvo.id, month=MONTH)
    assert (closed.total, len(closed.lines), closed.closed_at) == (Decimal("82.94"), 3, NOW + LATER)
    complete(db_session, volvo, other)  # told of the month after it was closed
    pay(db_session, row, "P-1", 100)
    pay(db_session, row, "R-1", 100, kind=PaymentKind.REFUND, now=NOW + LATER)
    assert read_statement(db_session, volvo.id, month=MONTH).lines == closed.lines
    after = read_statement(db_session, volvo.id, month=following(MONTH))
    assert [line.counts for line in after.lines] == [
        Decimal(one) for one in ("41.47", "24.88", "16.59", "-41.47", "-24.88", "-16.59")
    ]
    mine = closed.lines[0].contact_id
    assert read_statement(db_session, volvo.id, month=MONTH, beneficiary_id=mine).total == Decimal("41.47")


def complete(session: Session, partner: Partner, row: PartnerOrder) -> None:
    """As the partner tells it, who may pass over steps."""
    assert not move_order(session, partner, row, OrderStatus.COMPLETED, reason="klaar", context={}, now=NOW).refused


def pay(session: Session, row: PartnerOrder, key: str, amount: int, *, now: datetime = NOW, **more: Any) -> None:
    placed = session.get_one(Order, row.order_id, populate_existing=True)
    add_payment(session, placed, NewPayment(key, Decimal(amount), "EUR", key, now, **more), now=now, actor=SYSTEM)

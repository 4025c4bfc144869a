"""Commissions over the tree of a partner: by level, provisional, final, taken back; a statement of a month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import ContactType
from app.domain.events.actions import SYSTEM
from app.domain.orders.actions import set_order_status
from app.domain.orders.articles import add_article
from app.domain.orders.models import OrderStatus
from app.domain.partners.commissions import ZONE, read_statement, set_rate, share_of
from app.domain.partners.dealers import keep_dealer
from app.domain.partners.models import Environment, Partner, PartnerCommission, PartnerOrder
from app.domain.partners.move_order import move_order
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.take_order import take_order
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import NOW, make_brand

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
    moved = move_order(db_session, volvo, row, OrderStatus.COMPLETED, reason="klaar", context={}, now=NOW)
    assert moved.refused == ""
    assert earned(db_session) == [(*one, "final") for one in shares]
    statement = read_statement(db_session, volvo.id, month=MONTH)
    assert (statement.total, statement.provisional) == (Decimal("82.94"), Decimal(0))
    assert [line.beneficiary for line in statement.final] == ["Importer", "West", "Van Mossel"]
    assert read_statement(db_session, volvo.id, month=date(2020, 1, 1)).final == ()


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

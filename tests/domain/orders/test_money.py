"""Money of an order as it is kept: totals with every change, undo, payments and their balance, one currency."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.domain.events.actions import SYSTEM, Actor
from app.domain.orders.actions import NewLine
from app.domain.orders.articles import add_article
from app.domain.orders.lines import LineContent, UnableToEdit, add_line, edit_line, remove_line, set_discount, undo_change
from app.domain.orders.models import LineItem, Order, OrderSource, OrderStatus, OrderTaxTotal, PaymentKind, PaymentState
from app.domain.orders.numbers import take_order_number
from app.domain.orders.payments import NewPayment, TooMuchRefund, WrongCurrency, add_payment, balance_of, list_payments
from app.domain.orders.settings import WrongSettings, set_money, set_place
from app.domain.orders.totals import TooMuchDiscount
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import NOW

WHO = {"now": NOW, "actor": SYSTEM}


def sold(desk: Desk, *prices: str, **more: object) -> Order:
    lines = [NewLine(f"Ding {number}", unit_price=Decimal(price)) for number, price in enumerate(prices)]
    return make_order(desk.session, desk.brand, desk.pieter, lines=lines, **more)


def lines_of(desk: Desk, order: Order) -> list[LineItem]:
    query = sa.select(LineItem).where(LineItem.order_id == order.id).order_by(LineItem.position)
    return list(desk.session.execute(query.execution_options(populate_existing=True)).scalars())


def test_an_order_has_its_totals_with_the_tax_of_each_rate(desk: Desk) -> None:
    order = sold(desk, "1100", "250", "75", discount=Decimal(75))
    assert (order.currency, order.net_total, order.tax_total, order.gross_total) == (
        "EUR", Decimal("1350.00"), Decimal("283.50"), Decimal("1633.50"),
    )  # fmt: skip
    (row,) = desk.session.execute(sa.select(OrderTaxTotal)).scalars()
    assert (row.tax_code, row.part, row.rate, row.taxable, row.tax) == ("nl_21", "BTW", 21, order.net_total, order.tax_total)
    assert [line.line_total for line in lines_of(desk, order)] == [Decimal("1042.11"), Decimal("236.84"), Decimal("71.05")]


def test_a_line_is_added_changed_taken_off_and_everything_undone(desk: Desk) -> None:
    order, actor = sold(desk, "100"), Actor(desk.alice.id)
    add_article(desk.session, brand_id=desk.brand.id, sku="KABEL", name="Kabel", unit_price=Decimal("4.3725"), now=NOW)
    added = add_line(desk.session, order.id, LineContent("", Decimal("12.5"), None, article="kabel"), now=NOW, actor=actor)
    first, cable = lines_of(desk, order)
    assert (cable.description, cable.unit_price, cable.line_total) == ("Kabel", Decimal("4.3725"), Decimal("54.66"))
    edited = edit_line(desk.session, first.id, {"quantity": Decimal(2), "discount_amount": Decimal(10)}, now=NOW, actor=actor)
    assert edited is not None
    assert edit_line(desk.session, first.id, {"quantity": Decimal("2.000")}, now=NOW, actor=actor) is None
    removed = remove_line(desk.session, cable.id, now=NOW, actor=actor)
    assert order.net_total == Decimal("190.00")
    for event, net in ((removed, "244.66"), (edited, "154.66"), (added, "100.00")):
        undo_change(desk.session, event, now=NOW, actor=actor)
        assert order.net_total == Decimal(net)
    assert [event.payload["undoes"] is None for event in desk.events("OrderLinesChanged")] == [True] * 3 + [False] * 3
    with pytest.raises(UnableToEdit, match="has since changed"):
        undo_change(desk.session, edited, now=NOW, actor=actor)


def test_what_is_ended_or_more_than_everything_off_is_refused(desk: Desk) -> None:
    order = sold(desk, "100")
    with pytest.raises(TooMuchDiscount):
        set_discount(desk.session, order.id, Decimal(101), now=NOW, actor=SYSTEM)
    desk.session.rollback()
    done = sold(desk, "100", status=OrderStatus.COMPLETED)
    with pytest.raises(UnableToEdit, match="completed or cancelled"):
        add_line(desk.session, done.id, LineContent("Meer", Decimal(1), None), now=NOW, actor=SYSTEM)


def test_a_brand_in_quebec_has_its_currency_taxes_and_clock(desk: Desk) -> None:
    set_place(desk.session, desk.brand.id, zone="America/Toronto", country="CA")
    last_night = datetime(2027, 1, 1, 4, 30, tzinfo=UTC)  # 23:30 in Montréal, 05:30 in Amsterdam
    order = sold(desk, "8180")
    assert (order.currency, order.gross_total) == ("CAD", Decimal("9404.96"))
    parts = sa.select(OrderTaxTotal.part, OrderTaxTotal.tax).order_by(OrderTaxTotal.part)
    assert [tuple(row) for row in desk.session.execute(parts)] == [("TPS", Decimal("409.00")), ("TVQ", Decimal("815.96"))]
    assert take_order_number(desk.session, desk.brand.id, now=last_night).startswith("CC-2026-")
    assert take_order_number(desk.session, desk.other.id, now=last_night).startswith("LT-2027-")
    set_money(desk.session, desk.brand.id, currency="CAD", tax_code="qc", prices_include_tax=True)
    assert sold(desk, "1000").net_total == Decimal("869.75")
    with pytest.raises(WrongSettings):
        set_money(desk.session, desk.brand.id, currency="C$", tax_code="qc", prices_include_tax=True)


def test_two_partners_may_call_their_orders_the_same(desk: Desk) -> None:
    one, other = new_id(), new_id()
    first = sold(desk, "1", source=OrderSource.API, source_key="1001", source_owner_id=one)
    second = sold(desk, "1", source=OrderSource.API, source_key="1001", source_owner_id=other)
    assert first.id != second.id
    assert sold(desk, "1", source=OrderSource.API, source_key="1001", source_owner_id=one).id == first.id


def paid(key: str, amount: str, **more: object) -> NewPayment:
    return NewPayment(key, Decimal(amount), "EUR", key, NOW, **more)  # type: ignore[arg-type]


def test_payments_count_once_and_a_refund_goes_off(desk: Desk) -> None:
    order = sold(desk, "100")
    told = [
        paid("p1", "50"), paid("p1", "50"), paid("p2", "20", state=PaymentState.FAILED),
        paid("p3", "71", state=PaymentState.PENDING),
        paid("p3", "71"), paid("r1", "21", kind=PaymentKind.REFUND),
    ]  # fmt: skip
    assert [add_payment(desk.session, order, one, **WHO) for one in told] == [True, False, True, True, True, True]
    balance = balance_of(order, list_payments(desk.session, order.id))
    assert (balance.paid, balance.open, balance.is_settled) == (Decimal(100), Decimal("21.00"), False)
    kinds = [len(desk.events(kind)) for kind in ("PaymentReceived", "PaymentFailed", "PaymentRefunded")]
    assert kinds == [2, 1, 1]
    with pytest.raises(TooMuchRefund):
        add_payment(desk.session, order, paid("r2", "101", kind=PaymentKind.REFUND), **WHO)
    with pytest.raises(WrongCurrency):
        add_payment(desk.session, order, NewPayment("d", Decimal(1), "CAD", "d", NOW), **WHO)


def test_the_database_holds_the_sums(desk: Desk) -> None:
    order = sold(desk, "100")
    for wrong in ("gross_total = gross_total + 1", "tax_total = NULL", "discount_amount = -1"):
        with pytest.raises(sa.exc.IntegrityError), desk.session.begin_nested():
            desk.session.execute(sa.text(f"UPDATE orders SET {wrong} WHERE id = :id"), {"id": order.id})

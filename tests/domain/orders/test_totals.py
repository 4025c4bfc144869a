"""What orders come to, worked to the cent for the Netherlands and Quebec, and that no cent is lost in any order."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.orders.taxes import CODES
from app.domain.orders.totals import PricedLine, TooMuchDiscount, Totals, order_totals
from tests.support.full import IS_FULL

CASES = 10_000 if IS_FULL else 150


def total(*lines: tuple[str, str, str], with_tax: bool = False, discount: str = "0") -> Totals:
    priced = [PricedLine(Decimal(quantity), Decimal(price), code) for quantity, price, code in lines]
    return order_totals(priced, prices_include_tax=with_tax, discount=Decimal(discount))


def told(found: Totals) -> tuple[str, list[str], str]:
    return str(found.net), [str(row.tax) for row in found.taxes], str(found.gross)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("1", "849", "nl_21"), ("1", "395", "nl_21"), ("12.5", "4.37", "nl_21")], ("1298.63", ["272.71"], "1571.34")),
        ([("1", "10.02", "nl_21")] * 3, ("30.06", ["6.31"], "36.37")),
        ([("1", "140", "qc")], ("140.00", ["7.00", "13.97"], "160.97")),
        ([("1", "1140", "qc")], ("1140.00", ["57.00", "113.72"], "1310.72")),
        ([("1", "8180", "qc")], ("8180.00", ["409.00", "815.96"], "9404.96")),
        ([("1", "100", "qc")], ("100.00", ["5.00", "9.98"], "114.98")),
        ([("1", price, "qc") for price in ("19.99", "24.95", "7.45")], ("52.39", ["2.62", "5.23"], "60.24")),
        ([("2", "600", "nl_reverse")], ("1200.00", ["0.00"], "1200.00")),
        ([("3", "0.3725", "nl_9")], ("1.12", ["0.10"], "1.22")),
        ([], ("0.00", [], "0.00")),
    ],
)
def test_worked_examples_without_tax(lines: list[tuple[str, str, str]], expected: tuple[str, list[str], str]) -> None:
    assert told(total(*lines)) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("1", "1000", "qc")], ("869.75", ["43.49", "86.76"], "1000.00")),
        ([("1", "1099", "nl_21")], ("908.26", ["190.74"], "1099.00")),
    ],
)
def test_worked_examples_with_tax(lines: list[tuple[str, str, str]], expected: tuple[str, list[str], str]) -> None:
    assert told(total(*lines, with_tax=True)) == expected


def test_a_discount_on_the_whole_is_shared_out_before_tax() -> None:
    found = total(("1", "1100", "nl_21"), ("1", "250", "nl_9"), ("1", "75", "nl_0"), discount="75")
    assert [str(one) for one in found.shares] == ["57.89", "13.16", "3.95"]
    assert told(found) == ("1350.00", ["218.84", "21.32", "0.00"], "1590.16")


def test_all_of_it_off_is_nothing_to_pay_and_more_is_refused() -> None:
    assert told(total(("1", "19.99", "nl_21"), ("1", "7.45", "nl_9"), discount="27.44"))[::2] == ("0.00", "0.00")
    with pytest.raises(TooMuchDiscount):
        total(("1", "19.99", "nl_21"), discount="20")
    with pytest.raises(TooMuchDiscount):
        order_totals([PricedLine(Decimal(1), Decimal(5), "nl_21", Decimal(6))], prices_include_tax=False)


def test_a_line_without_a_price_makes_the_order_unpriced_and_not_cheaper() -> None:
    found = order_totals(
        [PricedLine(Decimal(1), None, "nl_21"), PricedLine(Decimal(1), Decimal(5), "nl_21")], prices_include_tax=False
    )
    assert (found.net, found.tax, found.gross, found.taxes) == (None, None, None, ())
    assert found.amounts == (None, Decimal("5.00"))


LINES = st.lists(
    st.builds(
        PricedLine,
        quantity=st.decimals(min_value="0.001", max_value=500, places=3),
        unit_price=st.decimals(min_value=0, max_value=20_000, places=4),
        tax_code=st.sampled_from(sorted(CODES)),
    ),
    max_size=20,
)


@settings(max_examples=CASES)
@given(LINES, st.booleans(), st.integers(0, 100))
def test_totals_are_the_sum_of_their_parts(lines: list[PricedLine], with_tax: bool, per_cent: int) -> None:
    whole = sum((one for one in order_totals(lines, prices_include_tax=with_tax).amounts if one is not None), Decimal(0))
    discount = (whole * per_cent / 100).quantize(Decimal("0.01"), "ROUND_DOWN")
    found = order_totals(lines, prices_include_tax=with_tax, discount=discount)
    assert found.net is not None
    assert found.tax is not None
    assert found.gross == found.net + found.tax
    assert sum(found.amounts, Decimal(0)) == (found.gross if with_tax else found.net) == whole - discount  # type: ignore[arg-type]
    assert sum(found.shares) == discount
    assert found.tax == sum(row.tax for row in found.taxes)
    per_code = {row.tax_code: row.taxable for row in found.taxes}
    assert all(row.taxable == per_code[row.tax_code] for row in found.taxes), "TPS and TVQ are taken of the same amount"
    assert all(row.tax == 0 for row in found.taxes if row.rate == 0)
    drift = sum((abs(row.tax - row.taxable * row.rate / 100) for row in found.taxes), Decimal(0))
    assert drift <= Decimal("0.02") * max(len(found.taxes), 1)


@settings(max_examples=CASES)
@given(st.decimals(min_value="0.01", max_value=20_000, places=2), st.sampled_from(sorted(CODES)))
def test_a_price_with_tax_keeps_what_the_customer_sees(gross: Decimal, code: str) -> None:
    found = order_totals([PricedLine(Decimal(1), gross, code)], prices_include_tax=True)
    assert found.gross == gross
    assert all(row.tax >= 0 for row in found.taxes)


def test_totals_of_ten_thousand_orders_equal_the_sum_of_their_parts() -> None:
    dice = random.Random(19)
    codes = sorted(CODES)
    for _number in range(10_000):
        lines = [
            PricedLine(Decimal(dice.randint(1, 40_000)) / 1000, Decimal(dice.randint(0, 20_000_000)) / 10_000, dice.choice(codes))
            for _line in range(dice.randint(1, 4))
        ]
        with_tax, cents = dice.random() < 0.5, dice.randint(0, 500)
        whole = sum((one for one in order_totals(lines, prices_include_tax=with_tax).amounts if one), Decimal(0))
        discount = min(whole, Decimal(cents) / 100)
        found = order_totals(lines, prices_include_tax=with_tax, discount=discount)
        assert found.net is not None
        assert found.gross == found.net + sum((row.tax for row in found.taxes), Decimal(0))
        assert whole - discount == (found.gross if with_tax else found.net)
        assert sum(found.shares) == discount

"""Rounding, sharing out and reading of amounts: the table of modes, nothing lost, nothing guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import UnreadableNumber, read_number, round2, round_places, share_out

CENTS = st.decimals(min_value=0, max_value=100_000, places=2)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.125", "0.13"), ("2.675", "2.68"), ("13.965", "13.97"), ("1.005", "1.01"), ("20.125", "20.13"), ("-0.125", "-0.13")],
)
def test_halves_go_away_from_zero(value: str, rounded: str) -> None:
    assert round2(Decimal(value)) == Decimal(rounded)
    assert round_places(Decimal("2.00005"), 4) == Decimal("2.0001")


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("10.00", ["100"] * 3, ["3.34", "3.33", "3.33"]),
        ("0.05", ["1"] * 7, ["0.01"] * 5 + ["0.00"] * 2),
        ("-50.00", ["849", "395", "54.63"], ["-32.69", "-15.21", "-2.10"]),
        ("75.00", ["1100", "250", "75"], ["57.89", "13.16", "3.95"]),
        ("1.00", ["0", "0"], ["1.00", "0.00"]),
    ],
)
def test_an_amount_is_shared_out_to_the_cent(amount: str, weights: list[str], parts: list[str]) -> None:
    assert share_out(Decimal(amount), [Decimal(one) for one in weights]) == [Decimal(one) for one in parts]


@given(CENTS, st.lists(CENTS, min_size=1, max_size=200))
def test_shares_add_up_and_none_is_more_than_its_due(amount: Decimal, weights: list[Decimal]) -> None:
    parts = share_out(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    if total:
        assert all(abs(part - amount * weight / total) < Decimal("0.01") for part, weight in zip(parts, weights, strict=True))


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12", "12"), ("12,5", "12.5"), ("12.5", "12.5"), ("1249,50", "1249.50"), ("1.250,50", "1250.50"),
        ("1,250.50", "1250.50"),
        ("€ 12", "12"), ("€ 1.249,-", "1249"), ("12,-", "12"), ("1 250,00", "1250.00"), ("CA$4,312.75", "4312.75"),
        ("1.250.000", "1250000"), ("0.125", "0.125"), ("-3,10", "-3.10"), ("1250.000", "1250.000"), ("EUR 7", "7"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_meant(typed: str, number: str) -> None:
    assert read_number(typed) == Decimal(number)


@pytest.mark.parametrize(
    ("typed", "large", "small"), [("1.250", "1250", "1.250"), ("1,000", "1000", "1.000"), ("€ 12.500", "12500", "12.5")]
)
def test_what_is_two_numbers_is_asked_back(typed: str, large: str, small: str) -> None:
    with pytest.raises(UnreadableNumber) as refused:
        read_number(typed)
    assert refused.value.readings == (Decimal(large), Decimal(small))


@pytest.mark.parametrize("typed", ["", "twaalf", "1.25.00", "1,2,3", "12,50,00", "1e5", "NaN", "1.2500,00", "--5", "12 stuks"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(UnreadableNumber):
        read_number(typed)

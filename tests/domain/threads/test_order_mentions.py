"""What a text may mean by an order."""

from __future__ import annotations

import uuid

import pytest

from app.domain.threads.order_mentions import Because, Mentions, TheirOrder, choose_orders, is_one_slip, read_mentions


@pytest.mark.parametrize(
    "text",
    ["CC-2026-00042", "cc 2026 00042", "CC2026-42", "(CC – 2026 – 00042)", "order CC-2026-0042.", "CC/2026/00042"],
)
def test_a_number_is_read_however_it_is_written(text: str) -> None:
    assert read_mentions("", text)[0].numbers == ("CC-2026-00042",)


@pytest.mark.parametrize("text", ["12-11-2026", "3511 AB Utrecht", "06-12345678", "XCC-2026-00042x", "€ 1.249,50"])
def test_dates_places_phones_and_prices_are_no_numbers(text: str) -> None:
    assert read_mentions("", text)[0].numbers == ()


def test_what_is_quoted_is_kept_apart_from_what_is_said() -> None:
    said, quoted = read_mentions("", "Prima!\n\n> Uw order CC-2026-00042\n")
    assert said.numbers == ()
    assert quoted.numbers == ("CC-2026-00042",)


@pytest.mark.parametrize(
    ("a", "b", "slip"),
    [
        ("123", "124", True),
        ("123", "1123", True),
        ("123", "132", True),
        ("123", "12", True),
        ("123", "321", False),
        ("1", "1", False),
    ],
)
def test_one_slip_is_a_character_more_less_or_another_or_two_swapped(a: str, b: str, slip: bool) -> None:
    assert is_one_slip(a, b) is bool(slip)
    assert is_one_slip(b, a) is bool(slip)


def test_a_reply_to_a_message_about_an_order_is_about_it_and_one_that_names_somebody_elses_is_about_none() -> None:
    orders = [TheirOrder(uuid.uuid4(), f"CC-2026-0000{n}", frozenset(), True, True) for n in (1, 5)]
    (chosen,) = choose_orders(Mentions(), Mentions(), orders, others=(), answered={orders[1].id})
    assert (chosen.order_id, chosen.because) == (orders[1].id, Because.REPLY)
    named = Mentions(numbers=("CC-2026-00009",))
    assert choose_orders(named, Mentions(), orders, others={"CC-2026-00009"}, answered={orders[1].id}) == []


def test_a_conversation_that_is_about_an_order_takes_another_only_where_it_is_named() -> None:
    order = TheirOrder(uuid.uuid4(), "CC-2026-00001", frozenset(), True, True)
    assert choose_orders(Mentions(), Mentions(), [order], others=(), is_linked=True) == []
    assert choose_orders(Mentions(numbers=(order.number,)), Mentions(), [order], others=(), is_linked=True)

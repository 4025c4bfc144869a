"""Signed plus-addresses and Message-IDs lead back to their thread; all others lead nowhere."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.addressing import make_message_id, make_plus_token, plus_address, read_message_id, read_plus_token

KEY, OLD_KEY, FOREIGN_KEY = b"k" * 32, b"o" * 32, b"f" * 32
TODAY = date(2026, 11, 21)
MESSAGE = uuid.UUID("0199c0de-0000-7000-8000-000000001234")
numbers = st.integers(1, 2**48 - 1)


@given(numbers)
def test_a_token_gives_its_number_back_whatever_happens_to_its_case(number: int) -> None:
    token = make_plus_token(number, key=KEY, today=TODAY)
    assert token == token.lower()
    assert len(token) <= 36
    for spelled in (token, token.upper(), token.removeprefix("t.")):
        assert read_plus_token(spelled, keys=[FOREIGN_KEY, KEY], today=TODAY) == number


def test_a_token_of_a_retired_key_is_read_as_long_as_the_key_is_kept() -> None:
    token = make_plus_token(7, key=OLD_KEY, today=TODAY)
    assert read_plus_token(token, keys=[KEY, OLD_KEY], today=TODAY) == 7
    assert read_plus_token(token, keys=[KEY], today=TODAY) is None


def test_a_token_lives_400_days() -> None:
    token = make_plus_token(7, key=KEY, today=TODAY)
    assert read_plus_token(token, keys=[KEY], today=TODAY + timedelta(days=400)) == 7
    assert read_plus_token(token, keys=[KEY], today=TODAY + timedelta(days=401)) is None


@given(numbers, st.integers(0, 200), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_token_with_one_letter_changed_is_refused(number: int, place: int, letter: str) -> None:
    token = make_plus_token(number, key=KEY, today=TODAY)
    body = token.removeprefix("t.")
    place %= len(body)
    changed = body[:place] + letter + body[place + 1 :]
    assert read_plus_token(changed, keys=[KEY], today=TODAY) in ((number,) if changed == body else (None,))


@pytest.mark.parametrize(
    "token", ["", " ", "null", "t.", "t.7", "t.aaaaaaaaaaaaaaaaaaaaaaaa", "0", "ü", "t." + "a" * 5000, "=" * 20, "\0"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert read_plus_token(token, keys=[KEY], today=TODAY) is None


def test_tokens_and_message_ids_do_not_stand_in_for_each_other() -> None:
    token = make_plus_token(7, key=KEY, today=TODAY)
    message_id = make_message_id(7, MESSAGE, key=KEY, domain="mail.example.nl")
    assert read_message_id(token, keys=[KEY]) is None
    assert read_plus_token(message_id.partition("@")[0], keys=[KEY], today=TODAY) is None


@given(numbers, st.uuids())
def test_a_message_id_gives_number_and_message_back_in_any_case(number: int, message: uuid.UUID) -> None:
    message_id = make_message_id(number, message, key=KEY, domain="mail.example.nl")
    for spelled in (message_id, message_id.upper(), f" <{message_id}> "):
        assert read_message_id(spelled, keys=[FOREIGN_KEY, KEY]) == (number, message)
    assert read_message_id(message_id, keys=[FOREIGN_KEY]) is None


@pytest.mark.parametrize("domain", ["mail.example.nl", "a.nl", "berichten.laadpunt.example"])
def test_a_message_id_stays_within_70_characters(domain: str) -> None:
    assert len(make_message_id(123456, MESSAGE, key=KEY, domain=domain)) <= 70


def test_a_message_id_with_another_number_message_or_signature_is_refused() -> None:
    message_id = make_message_id(1042, MESSAGE, key=KEY, domain="mail.example.nl")
    number, message, mac = message_id.partition("@")[0].split(".")
    other_mac = mac[:-1] + ("0" if mac[-1] != "0" else "1")
    for forged in (
        f"t1043.{message}.{mac}",
        f"{number}.{message}x.{mac}",
        f"{number}.{message}.{other_mac}",
        f"{number}.{message}.{mac[:7]}",
        f"{number}.{message}.",
    ):
        assert read_message_id(f"{forged}@mail.example.nl", keys=[KEY]) is None


@pytest.mark.parametrize("value", ["", "<>", "x@y", "t1.m1.0@x", "t1.m1.00000000@", "t" + "9" * 400 + ".m1.00000000@x"])
def test_foreign_message_ids_are_not_ours(value: str) -> None:
    assert read_message_id(value, keys=[KEY]) is None


def test_the_plus_address_is_our_mailbox_with_the_token_and_fits_a_mailbox() -> None:
    token = make_plus_token(2**40, key=KEY, today=TODAY)
    assert plus_address("service@laadpunt.example", token) == f"service+{token}@laadpunt.example"
    with pytest.raises(ValueError, match="plus-address"):
        plus_address("x" * 40 + "@laadpunt.example", token)


@pytest.mark.parametrize("number", [0, -1, 2**48])
def test_a_number_no_thread_has_gets_no_token(number: int) -> None:
    with pytest.raises(ValueError, match="thread number"):
        make_plus_token(number, key=KEY, today=TODAY)

"""One spelling for addresses and numbers, the one identities are matched by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone, spoken_number


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("06 12345678", "+31612345678"),
        ("06-12 34 56 78", "+31612345678"),
        ("+31 (0)6 12345678", "+31612345678"),
        ("0031612345678", "+31612345678"),
        ("+32 470 12 34 56", "+32470123456"),
        ("tel:+31-6-12345678", "+31612345678"),
        ("٠٦١٢٣٤٥٦٧٨", "+31612345678"),
    ],
)
def test_a_number_has_one_spelling(typed: str, stored: str) -> None:
    assert clean_phone(typed) == stored
    assert clean_phone(stored) == stored


@pytest.mark.parametrize("typed", ["", "1", "112", "+", "not a number", "+31 6 12345678 ext. 9", "9" * 40])
def test_what_is_no_number_is_told_so(typed: str) -> None:
    with pytest.raises(NotAnAddress):
        clean_phone(typed)


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused(typed: str) -> None:
    try:
        stored = clean_phone(typed)
    except NotAnAddress:
        return
    assert stored.startswith("+")
    assert stored[1:].isascii()
    assert stored[1:].isdigit()


@pytest.mark.parametrize(("typed", "stored"), [("Lotte@Example.NL", "lotte@example.nl"), (" a+b@c-d.co.uk ", "a+b@c-d.co.uk")])
def test_an_address_has_one_spelling(typed: str, stored: str) -> None:
    assert clean_email(typed) == stored


@pytest.mark.parametrize(
    "typed", ["", "a", "a@", "@b.nl", "a@b", "a@@b.nl", "a@b.nl c@d.nl", "a@b.nl;", "a\n@b.nl", "x" * 65 + "@b.nl"]
)
def test_what_is_no_address_is_told_so(typed: str) -> None:
    with pytest.raises(NotAnAddress):
        clean_email(typed)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("+31612345678", "+31 6 12345678"),
        ("+31201234567", "+31 20 123 4567"),
        ("+442079460958", "+44 20 7946 0958"),
        ("+12", "+12"),
        ("+klantenservice", "+klantenservice"),
    ],
)
def test_a_number_is_shown_in_groups(stored: str, read: str) -> None:
    assert spoken_number(stored) == read

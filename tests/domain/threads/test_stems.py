"""A word is found in its other forms, in three languages, and nothing is made of numbers and codes."""

from __future__ import annotations

import pytest

from app.domain.threads.stems import beginnings

SAME_WORD = (
    ("factuur", "facturen"),
    ("laadpaal", "laadpalen"),
    ("brief", "brieven"),
    ("huis", "huizen"),
    ("afspraak", "afspraken"),
    ("kapot", "kapotte"),
    ("battery", "batteries"),
    ("payment", "payments"),
    ("installed", "installation"),
    ("livraison", "livraisons"),
    ("réparer", "réparations"),
)


@pytest.mark.parametrize("one, other", SAME_WORD)
def test_each_form_finds_the_other(one: str, other: str) -> None:
    assert any(other.startswith(form) for form in beginnings(one))
    assert any(one.startswith(form) for form in beginnings(other))


@pytest.mark.parametrize("word", ["cc-2025-00123", "00123", "x1", "de", "huid's", ""])
def test_numbers_codes_and_short_words_stand_for_themselves(word: str) -> None:
    assert beginnings(word) == ()


@pytest.mark.parametrize("word, other", [("huis", "huidig"), ("factuur", "factor"), ("station", "stad")])
def test_another_word_is_not_found(word: str, other: str) -> None:
    assert not any(other.startswith(form) for form in beginnings(word))

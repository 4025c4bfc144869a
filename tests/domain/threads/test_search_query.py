"""What is typed is taken apart the same way every time, whatever it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.threads.search_query import OPERATORS, Operator, Word, parse_search, words_to_mark

PIECES = st.sampled_from([*(f"{name}:" for name in OPERATORS), '"', "-", ":", " ", "/", "foo:", "a", "é1", "\n", "#", "\\"])


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_any_text_parses_and_what_is_printed_parses_to_the_same(text: str) -> None:
    query = parse_search(text)
    assert parse_search(str(query)) == query


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("laadpaal rood", [Word("laadpaal"), Word("rood")]),
        ('"op naam van"', [Word("op naam van", quoted=True)]),
        ('"nooit gesloten', [Word("nooit gesloten", quoted=True)]),
        ("-factuur", [Word("factuur", negated=True)]),
        ('-"twee woorden"', [Word("twee woorden", quoted=True, negated=True)]),
        ("FROM:Lotte", [Operator("from", "Lotte")]),
        ('tag:"wacht op deel" x', [Operator("tag", "wacht op deel"), Word("x")]),
        ("-status:closed", [Operator("status", "closed", negated=True)]),
        ("kleur:rood", [Operator("kleur", "rood")]),
        ("status:", [Operator("status", "")]),
        ("Re: hallo", [Word("Re:"), Word("hallo")]),
        ("https://example.com/a", [Word("https://example.com/a")]),
        ("10:30 a:b", [Word("10:30"), Word("a:b")]),
        ("-- ' &|!", [Word("--"), Word("'"), Word("&|!")]),
        ('""', []),
    ],
)
def test_a_query_is_taken_apart(text: str, parts: list[Word | Operator]) -> None:
    assert list(parse_search(text).parts) == parts


@pytest.mark.parametrize("text", ["CC-2025-00123", "SN-4F2A-77", "2025/118", "AB.12"])
def test_numbers_with_dashes_are_codes(text: str) -> None:
    (word,) = parse_search(text).words
    assert word.is_code


@pytest.mark.parametrize("text", ["e-mail", "laadpaal", "2025", '"CC-2025 x"', "lotte@exam"])
def test_other_words_are_no_codes(text: str) -> None:
    (word,) = parse_search(text).words
    assert not word.is_code


def test_what_is_wanted_is_marked_and_nothing_else() -> None:
    assert words_to_mark(parse_search('rood "op naam" e-mail CC-1-2 -niet from:lotte')) == (
        "rood",
        "op naam",
        "e",
        "mail",
        "CC-1-2",
    )

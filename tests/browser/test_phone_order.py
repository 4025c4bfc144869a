"""The judge of `test_phone_faults.py`: which orders of arrival it lets pass, and which it calls wrong."""

from __future__ import annotations

import pytest

from tests.support.phone_faults import Arrived, is_out_of_order

RIGHT = {
    "as put in": "note 1, step 2, photo 3, step 4",
    "words pass the steps a person is asked about": "step 1 asked, step 2 asked, note 3, photo 4, step 1, step 2",
    "words pass a step that waits behind one asked about": "step 1 asked, note 3, step 1, step 2",
    "a step handed in as a note comes last": "note 1, step 2 asked, photo 3, note 4",
    "words decided about are put in anew": "message 1 asked, note 2, message 3",
}
WRONG = {
    "words among themselves": "note 2, photo 1",
    "words among themselves, round a step asked about": "step 1 asked, photo 4, note 3, step 1",
    "steps among themselves": "step 2, step 1",
    "a step passes one that is asked about": "step 1 asked, step 2, step 1",
    "words pass a step nobody was asked about": "note 2, step 1",
    "words pass a step before anybody was asked about it": "note 2, step 1 asked, step 1",
    "words pass a step in front of the one asked about": "note 3, step 1, step 2 asked, step 2",
    "a step passes words": "step 2, note 1",
    "a step decided about passes words put in before it": "step 2 asked, step 2, note 1",
}


def _lane(words: str) -> list[Arrived]:
    parts = [one.split() for one in words.split(", ")]
    return [Arrived(number, kind, int(seq), bool(asked)) for number, (kind, seq, *asked) in enumerate(parts)]


@pytest.mark.parametrize("words", RIGHT.values(), ids=RIGHT)
def test_what_may_come_in_that_order_is_in_order(words: str) -> None:
    assert not is_out_of_order(_lane(words)[::-1])  # told by the ledger's numbers


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_what_passed_something_else_is_out_of_order(words: str) -> None:
    assert is_out_of_order(_lane(words))

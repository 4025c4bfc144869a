"""What is pasted into the search field finds its person: a number in its notations, an address, the number of a thread."""

from __future__ import annotations

import pytest

from tests.contacts.conftest import Desk


@pytest.mark.parametrize(
    "pasted",
    ["0612345678", "06-12 34 56 78", "+31612345678", "+31 6 1234 5678", "0031612345678", "31612345678", "12345678",
     "tel:+31612345678", "(06) 12345678", "pieter@example.nl", "PIETER@example.nl"],
)  # fmt: skip
def test_a_number_or_address_finds_its_person(desk: Desk, pasted: str) -> None:
    desk.post(f"/contacts/{desk.pieter.id}/identities", kind="email", value="pieter@example.nl")
    answer = desk.client.get("/search", query_string={"q": pasted})
    assert f"/threads/{desk.thread.id}" in answer.text


@pytest.mark.parametrize("mark", ["", "#"])
def test_the_number_of_a_thread_finds_it(desk: Desk, mark: str) -> None:
    answer = desk.client.get("/search", query_string={"q": f"{mark}{desk.thread.number}"})
    assert f"/threads/{desk.thread.id}" in answer.text

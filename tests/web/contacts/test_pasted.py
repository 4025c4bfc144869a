"""What is pasted into the search field finds its person: a number in its notations, an address, the number of a thread."""

from __future__ import annotations

import pytest

from tests.domain.contacts.conftest import Desk


@pytest.mark.parametrize(
    "pasted",
    ["0612345678", "06-12 34 56 78", "+31612345678", "+31 6 1234 5678", "0031612345678", "31612345678", "12345678",
     "tel:+31612345678", "(06) 12345678", "+31 (0)6 12345678", "0031 (0)6-12345678", "<pieter@example.nl>",
     "Pieter Bakker <pieter@example.nl>",
     '"Bakker, P." <pieter@example.nl>', "mailto:pieter@example.nl", "pieter@example.nl", "PIETER@example.nl"],
)  # fmt: skip
def test_a_number_or_address_finds_its_person(desk: Desk, pasted: str) -> None:
    desk.post(f"/contacts/{desk.pieter.id}/identities", kind="email", value="pieter@example.nl")
    answer = desk.client.get("/search", query_string={"q": pasted})
    assert f"/threads/{desk.thread.id}" in answer.text


@pytest.mark.parametrize("pasted", ["+31 (0)6 12345678", "<pieter@example.nl>", "Pieter Bakker <pieter@example.nl>"])
@pytest.mark.parametrize("address", ["/contacts", "/palette"])
def test_it_is_found_among_contacts_and_while_typing(desk: Desk, address: str, pasted: str) -> None:
    desk.post(f"/contacts/{desk.pieter.id}/identities", kind="email", value="pieter@example.nl")
    assert desk.pieter.name in desk.client.get(address, query_string={"q": pasted}).text


@pytest.mark.parametrize("mark", ["", "#", "# "])
def test_the_number_of_a_thread_finds_it(desk: Desk, mark: str) -> None:
    answer = desk.client.get("/search", query_string={"q": f"{mark}{desk.thread.number}"})
    assert f"/threads/{desk.thread.id}" in answer.text

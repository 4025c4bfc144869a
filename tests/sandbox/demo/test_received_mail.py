"""The email of a customer on the Simulator page, from all simulated providers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.sandbox.demo.simulator_state import SIMULATORS, World
from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.graph.world import Sent
from app.sandbox.simulators.sendgrid import create_sendgrid_app
from tests.factories import NOW

CUSTOMER = "pieter@example.nl"
SUBJECTS = ("Kabel", "Factuur", "Bestelling")


@pytest.fixture
def providers() -> Iterator[list[RunningServer]]:
    """Three, each of which delivered one mail to the customer."""
    running = []
    for subject in SUBJECTS:
        app = create_sendgrid_app()
        raw = f"From: a@b.example\r\nSubject: {subject}\r\n\r\nHallo".encode()
        app.config["ACCOUNT"].outbox.append(Sent(NOW, "a@b.example", "1", (CUSTOMER,), raw))
        running.append(serve(app))
    yield running
    for one in running:
        one.stop()


def test_a_mail_keeps_its_number_in_whatever_order_the_mailboxes_are_read(providers: list[RunningServer]) -> None:
    """The page keeps what it shows under a number: another mail under the same one would not be shown."""
    first, *others = (one.url for one in providers)
    numbers = []
    for urls in (others, others[::-1]):
        elsewhere = {f"{place}@b.example": url for place, url in enumerate(urls)}
        mails = World(SIMULATORS, chat_url="", mail_url=first, elsewhere=elsewhere).received_mail(CUSTOMER)
        numbers.append({mail["subject"]: mail["number"] for mail in mails})
    assert numbers[0] == numbers[1]
    assert numbers[0].keys() == set(SUBJECTS)
    assert len(set(numbers[0].values())) == 3

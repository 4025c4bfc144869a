"""What is asked of mail servers is counted by command and channel, as calls of HTTP are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from app.core.metering import Key, Meter, Tally
from app.providers.smtp.adapter import MailServerMail
from tests.providers.smtp.support import House, mail_to


class Counts:
    """What a meter counted: {"SMTP MAIL": (requests, failures)}."""

    def __init__(self) -> None:
        self.kept: dict[Key, Tally] = {}
        self.meter = Meter(self._write, every_seconds=0)

    def _write(self, counted: Mapping[Key, Tally]) -> None:
        self.kept.update(counted)

    def read(self) -> dict[str, tuple[int, int]]:
        self.meter.flush()
        return {endpoint.name: (tally.requests, tally.failures) for (endpoint, _day), tally in self.kept.items()}


@pytest.fixture
def counts(house: House) -> Counts:
    counts = Counts()
    house.mail = MailServerMail(allowed_networks=["127.0.0.0/8"], meter=counts.meter)
    return counts


def test_a_mail_and_its_copy_are_counted(house: House, counts: Counts) -> None:
    house.send(mail_to())
    counted = counts.read()
    assert (counted["SMTP LOGIN"], counted["SMTP MAIL"]) == ((1, 0), (1, 0))
    assert (counted["IMAP LOGIN"], counted["IMAP SEARCH"], counted["IMAP APPEND"]) == ((1, 0), (1, 0), (1, 0))
    assert {(endpoint.provider, endpoint.account, endpoint.is_ours) for endpoint, _day in counts.kept} == {
        ("mail_server", house.account.id, False)
    }


@pytest.mark.parametrize("mode", ["busy", "refuses", "full"])
def test_a_mail_that_is_refused_is_no_success(house: House, counts: Counts, mode: str) -> None:
    house.post.smtp_mode = mode
    house.failed_send()
    assert counts.read()["SMTP MAIL"] == (1, 1)


def test_reading_is_counted_by_command(house: House, counts: Counts) -> None:
    house.send(mail_to())
    counts.read()
    house.mail.poll(account=house.account, state={})
    counted = counts.read()
    assert counted["IMAP LOGIN"][1] == 0
    assert counted["IMAP FETCH"][0] >= 2  # what there is, and the mail itself


def test_a_server_that_lets_nobody_in_is_a_failed_sign_in(house: House, counts: Counts) -> None:
    wrong = replace(house.account, secrets={"password": "wrong"})
    assert not house.mail.check(account=wrong).ok
    assert counts.read() == {"SMTP LOGIN": (1, 1)}

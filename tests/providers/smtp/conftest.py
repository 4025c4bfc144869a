"""The mail server simulator and the real adapter talking to it over SMTP and IMAP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.contract.base import ChannelAccount
from app.providers.smtp.adapter import MailServerMail
from app.sandbox.simulators.mailserver import start_mail_server
from tests.providers.smtp.support import MAILBOX, PASSWORD, Clock, House


@pytest.fixture
def house() -> Iterator[House]:
    simulator = start_mail_server()
    simulator.post.open_account(MAILBOX, PASSWORD)
    clock = Clock()
    account = ChannelAccount(
        id="1",
        channel_type="email",
        name="Service",
        address=MAILBOX,
        settings={
            "transport": "smtp",
            "smtp_host": "127.0.0.1",
            "smtp_port": simulator.smtp.port,
            "smtp_security": "none",
            "imap_host": "127.0.0.1",
            "imap_port": simulator.imap.port,
            "imap_security": "none",
        },
        secrets={"password": PASSWORD},
    )
    yield House(simulator, MailServerMail(allowed_networks=["127.0.0.0/8"], clock=clock), account, clock)
    simulator.stop()

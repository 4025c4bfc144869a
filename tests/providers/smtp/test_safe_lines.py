"""Which servers are spoken to, and how: judged addresses, encryption, and no password in the clear."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from app.contract.base import ChannelAccount
from app.providers.smtp.account import CONNECT_FIELDS
from app.providers.smtp.adapter import MailServerMail
from app.sandbox.simulators.mailserver import start_mail_server
from tests.core.raw_server import serving
from tests.providers.smtp.support import MAILBOX, PASSWORD, House
from tests.support.certificates import write_certificate

HERE = ["127.0.0.0/8"]


def test_check_says_that_it_works(house: House) -> None:
    health = house.mail.check(account=house.account)
    assert (health.ok, health.detail) == (True, "Messages in the inbox: 0")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"smtp_host": ""}, "Missing channel setting: smtp_host"),
        ({"smtp_port": "many"}, "Invalid channel setting: smtp_port"),
        ({"imap_security": "ssl3"}, "Invalid channel setting: imap_security"),
        ({"smtp_port": 9}, "Sending: The server's port does not respond"),
        ({"imap_port": 9}, "Reading: The server's port does not respond"),
        ({"imap_folder": "Elders"}, "Reading: The mailbox has no folder of that name"),
        ({"smtp_security": "starttls"}, "Sending: The mail server offers no encryption (STARTTLS)"),
        ({"imap_security": "starttls"}, "Reading: The mail server offers no encryption (STARTTLS)"),
        ({"smtp_security": "tls"}, "Sending: The mail server's certificate is not trusted, or its port has no TLS"),
        ({"user": "iemand"}, "Sending: The mail server refused the user name or the password"),
    ],
)
def test_check_says_in_words_what_is_wrong(house: House, settings: dict[str, object], words: str) -> None:
    health = house.with_settings(**settings).mail.check(account=house.account)
    assert not health.ok
    assert words in health.detail


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "0.0.0.0", "127.1", "2130706433", "::1"])
@pytest.mark.parametrize("which", ["smtp", "imap"])
def test_no_line_leads_into_this_network(house: House, host: str, which: str) -> None:
    with serving(b"220 hello\r\n") as server:
        settings = {**house.account.settings, f"{which}_host": host, f"{which}_port": server.port}
        allowed = [] if which == "smtp" else HERE
        mail = MailServerMail(allowed_networks=allowed) if which == "smtp" else _imap_guarded(house)
        health = mail.check(account=replace(house.account, settings=settings))
        assert not health.ok
        assert server.connections == 0


def _imap_guarded(house: House) -> MailServerMail:
    """SMTP may go to the simulator, IMAP nowhere near."""
    mail = MailServerMail(allowed_networks=HERE)
    mail._imap = MailServerMail()._imap
    return mail


def test_name_that_changes_its_address_is_judged_by_the_one_connected_to(house: House) -> None:
    answers = iter([["127.0.0.1"]])
    mail = MailServerMail(allowed_networks=["192.0.2.0/24"], resolve=lambda _host, _port: next(answers))
    account = replace(house.account, settings={**house.account.settings, "smtp_host": "mail.example"})
    assert "in a private network" in mail.check(account=account).detail
    assert house.post.logins == 0


@pytest.mark.parametrize("which", ["smtp", "imap"])
def test_no_password_goes_unencrypted_to_an_address_that_others_may_see(which: str) -> None:
    """The machine's own address in its network stands for a server elsewhere."""
    outside = _own_address()
    here, there = start_mail_server(), start_mail_server(host=outside)
    hosts = {"smtp": ("127.0.0.1", here), "imap": ("127.0.0.1", here), which: (outside, there)}
    settings: dict[str, object] = {f"{name}_host": host for name, (host, _) in hosts.items()}
    settings |= {f"{name}_port": getattr(server, name).port for name, (_, server) in hosts.items()}
    settings |= {"smtp_security": "none", "imap_security": "none"}
    here.post.open_account(MAILBOX, PASSWORD)
    there.post.open_account(MAILBOX, PASSWORD)
    health = MailServerMail(allowed_networks=["127.0.0.0/8", f"{outside}/32"]).check(account=_account(settings))
    here.stop()
    there.stop()
    assert "never send a password over an unencrypted connection" in health.detail
    assert there.post.logins == 0


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine is in no network")
        return str(probe.getsockname()[0])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "partner.pem", name="partner.example")


def test_starttls_is_used_and_its_certificate_checked(certificate: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    simulator = start_mail_server(tls=context)
    simulator.post.open_account(MAILBOX, PASSWORD)
    trusting = ssl.create_default_context(cafile=str(certificate))
    settings = {"smtp_security": "starttls", "imap_security": "starttls", "smtp_port": simulator.smtp.port}
    settings |= {"imap_port": simulator.imap.port, "smtp_host": "partner.example", "imap_host": "partner.example"}
    account = _account(settings)
    options = {"allowed_networks": HERE, "resolve": lambda _host, _port: ["127.0.0.1"]}
    try:
        assert MailServerMail(tls=lambda: trusting, **options).check(account=account).ok
        refused = MailServerMail(**options).check(account=account)
        assert "certificate is not trusted" in refused.detail
        other = MailServerMail(tls=lambda: trusting, **options).check(
            account=_account({**settings, "imap_host": "other.example"})
        )
        assert "Reading: The mail server's certificate" in other.detail
    finally:
        simulator.stop()


def _account(settings: dict[str, object]) -> ChannelAccount:
    return ChannelAccount("1", "email", "Service", MAILBOX, {"transport": "smtp", **settings}, {"password": PASSWORD})


def test_what_a_wizard_asks_for_is_what_the_adapter_reads() -> None:
    fields = {one.name: one for one in CONNECT_FIELDS}
    assert [one.name for one in CONNECT_FIELDS if one.secret] == ["password"]
    assert {one.name for one in CONNECT_FIELDS if one.required and not one.default} == {"password", "smtp_host"}
    assert fields["smtp_security"].choices == ("tls", "starttls", "none")

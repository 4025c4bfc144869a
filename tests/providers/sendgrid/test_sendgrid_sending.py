"""Sending over the API of the simulated SendGrid, which refuses what the real one refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from app.contract.base import (
    ChannelAccount,
    DeliveryStatus,
    Found,
    OutgoingAttachment,
    OutgoingMessage,
    OutgoingTemplate,
    ProviderError,
    SendResult,
)
from app.core.http import HttpClient
from app.providers.sendgrid.adapter import CONNECT_FIELDS, SendGridMail
from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.sendgrid import create_sendgrid_app
from app.sandbox.simulators.sendgrid.store import Account
from tests.providers.smtp.support import OUR_ID, mail_to, party

SENDER = "orders@zaptecshop.example"


@dataclass
class House:
    server: RunningServer
    provider: Account
    http: HttpClient
    mail: SendGridMail
    account: ChannelAccount
    progress: dict[str, Any] = field(default_factory=dict)

    def send(self, message: OutgoingMessage | None = None) -> SendResult:
        return self.mail.send(
            message or mail_to(), account=self.account, progress=dict(self.progress), save_progress=self.progress.update
        )

    def failed_send(self, message: OutgoingMessage | None = None) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            self.send(message)
        return caught.value

    def body(self) -> dict[str, Any]:
        return self.provider.bodies[-1]

    def fault(self, **how: Any) -> None:
        order = {"match": {"method": "POST", "path": "/mail/send$"}, "times": 1, **how}
        assert self.http.request("POST", f"{self.server.url}/__sim/fault", json=order).ok


@pytest.fixture
def house() -> Iterator[House]:
    app = create_sendgrid_app()
    server, http = serve(app), HttpClient(allowed_networks=["127.0.0.0/8"])
    settings = {"transport": "sendgrid", "from_name": "ZaptecShop"}
    account = ChannelAccount("channel-1", "email", "Orders", SENDER, settings, {"api_key": "SG.simulated-key"})
    yield House(server, app.config["ACCOUNT"], http, SendGridMail(http, server.url), account)
    http.close()
    server.stop()


def test_mail_carries_our_ids_and_no_tracking(house: House) -> None:
    message = mail_to(
        "jan@example.nl", in_reply_to="a@b", references=("c@d", "a@b"), reply_address="orders+t.x@zaptecshop.example"
    )
    result = house.send(message)
    body = house.body()
    assert (result.status, result.provider_message_id) == (DeliveryStatus.ACCEPTED, house.provider.outbox[0].graph_id)
    assert body["headers"]["Message-ID"] == f"<{OUR_ID}>"
    assert (body["headers"]["In-Reply-To"], body["headers"]["References"]) == ("<a@b>", "<c@d> <a@b>")
    assert body["custom_args"] == {"switchyard_delivery": message.reference, "switchyard_channel": "channel-1"}
    assert not any(one["enable"] for one in body["tracking_settings"].values())
    assert body["reply_to"]["email"] == "orders+t.x@zaptecshop.example"


def test_an_address_in_two_places_is_written_to_once(house: House) -> None:
    house.send(mail_to("jan@example.nl", "JAN@example.nl", "els@example.nl", bcc=(party("els@example.nl"),)))
    assert house.provider.outbox[0].recipients == ("jan@example.nl", "els@example.nl")


def test_pictures_files_and_unsubscribing_go_along(house: House) -> None:
    files = (OutgoingAttachment("a.png", "image/png", b"png", "img1"), OutgoingAttachment("b.pdf", "application/pdf", b"pdf"))
    house.send(mail_to(html='<img src="cid:img1">', attachments=files, unsubscribe_url="https://x.example/u/1"))
    body = house.body()
    assert [one["disposition"] for one in body["attachments"]] == ["inline", "attachment"]
    assert [one["type"] for one in body["content"]] == ["text/plain", "text/html"]
    assert body["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_dynamic_template_brings_its_own_subject_and_text(house: House) -> None:
    template = OutgoingTemplate("d-0123", "nl", ({"naam": "Jan"},))
    house.send(mail_to(template=template))
    body = house.body()
    assert (body["template_id"], body["personalizations"][0]["dynamic_template_data"]) == ("d-0123", {"naam": "Jan"})
    assert "content" not in body


def test_sandbox_is_asked_for_and_sends_nothing(house: House) -> None:
    house.account = replace(house.account, settings={**house.account.settings, "sandbox": "yes"})
    assert house.send().provider_message_id.startswith("sandbox-")
    assert house.provider.outbox == []


def test_automatic_mail_says_so(house: House) -> None:
    house.send(mail_to(is_automatic=True))
    assert house.body()["headers"]["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("settings", "permanent", "down", "code"),
    [
        ({"api_key": "SG.other"}, False, True, "sendgrid_401"),
        ({"scopes": ()}, False, True, "sendgrid_403"),
        ({"verified_domains": ("elders.example",)}, False, True, "sendgrid_403"),
        ({"rate_limited": True}, False, False, "sendgrid_429"),
    ],
)
def test_refusals_say_what_to_do(house: House, settings: dict[str, Any], permanent: bool, down: bool, code: str) -> None:
    house.provider.settings = replace(house.provider.settings, **settings)
    error = house.failed_send()
    assert (error.permanent, error.channel_down, error.reason.code, error.outcome_unknown) == (permanent, down, code, False)
    assert error.reason.advice
    assert house.mail.lookup(mail_to(), account=house.account, progress=house.progress).found == Found.NOT_SENT


def test_being_told_to_slow_down_waits_as_long_as_it_says(house: House) -> None:
    house.provider.settings = replace(house.provider.settings, rate_limited=True)
    assert 1 <= (house.failed_send().retry_after_seconds or 0) <= 6


def test_what_it_cannot_send_is_told_with_its_own_words(house: House) -> None:
    error = house.failed_send(mail_to(template=OutgoingTemplate("not-dynamic", "nl")))
    assert (error.permanent, error.reason.detail) == (True, "template_id: The template_id must be a valid GUID.")


@pytest.mark.parametrize(
    "how",
    [
        {"when": "after", "drop_connection": True},
        {"when": "before", "drop_connection": True},
        {"when": "after", "status": 500},
        {"when": "after", "status": 502, "body": "<html>Bad gateway</html>"},
    ],
)
def test_a_send_whose_end_nobody_saw_waits_for_reports_and_is_never_repeated(house: House, how: dict[str, Any]) -> None:
    house.fault(**how)
    assert house.failed_send().outcome_unknown
    found = house.mail.lookup(mail_to(), account=house.account, progress=house.progress)
    assert (found.found, found.silence_tells) == (Found.UNKNOWN, False)


def test_a_server_that_is_not_there_was_never_asked(house: House) -> None:
    house.mail = SendGridMail(house.http, "http://127.0.0.1:9")
    error = house.failed_send()
    assert (error.outcome_unknown, error.permanent) == (False, False)
    assert house.mail.lookup(mail_to(), account=house.account, progress=house.progress).found == Found.NOT_SENT


def test_check_says_what_is_wrong(house: House) -> None:
    check = lambda: house.mail.check(account=house.account)  # noqa: E731
    assert check().detail == ("Email is sent, but without delivery reports: the verification key of the event webhook is missing")
    secrets = {**house.account.secrets, "signing_secret": house.provider.public_key()}
    house.account = replace(house.account, secrets=secrets)
    assert (check().ok, check().detail) == (True, "Sends email and receives delivery reports")
    house.account = replace(house.account, secrets={**secrets, "signing_secret": "no key"})
    assert check().detail == "The event webhook's verification key is invalid"
    house.provider.settings = replace(house.provider.settings, scopes=())
    assert "cannot send email" in check().detail
    house.provider.settings = replace(house.provider.settings, api_key="SG.x")
    assert check().detail.startswith("SendGrid rejected the API key · ")


def test_what_a_wizard_asks_for_is_what_the_adapter_reads() -> None:
    assert [one.name for one in CONNECT_FIELDS if one.secret] == ["api_key", "signing_secret", "url_key"]
    assert [one.name for one in CONNECT_FIELDS if one.required and not one.default] == ["api_key"]

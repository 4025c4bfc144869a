"""Adapter and simulator over real HTTP: texts that go out, and what becomes of them."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from app.contract.base import (
    ChannelAccount,
    DeliveryStatus,
    Found,
    Identity,
    IdentityKind,
    OutgoingAttachment,
    OutgoingMessage,
    Party,
    ProviderError,
)
from app.core.clock import utc_now
from app.core.http import HttpClient
from app.providers.twilio.adapter import TwilioPhone, TwilioSms
from tests.sandbox.simulators.twilio_world import ACCOUNT, DESK, JAN, OURS, World

REFERENCE = "0197f0de-0000-7000-8000-0000000000aa"
PUBLIC = "https://app.example.nl"


class Sending:
    """Sends to Jan and keeps what the adapter saved on the way. `later` moves the adapter's clock."""

    def __init__(self, world: World, account: ChannelAccount) -> None:
        self.later = timedelta()
        http = HttpClient(allowed_networks=("127.0.0.0/8",))
        self.adapter = TwilioSms(
            http, world.url, PUBLIC, settle_seconds=30, clock=lambda: utc_now() + self.later, read_timeout=0.5
        )
        self.account = account
        self.progress: dict[str, Any] = {}

    def message(self, text: str = "Komt het uit?", to: str = JAN, **parts: Any) -> OutgoingMessage:
        return OutgoingMessage(reference=REFERENCE, to=(Party((Identity(IdentityKind.PHONE, to),)),), text=text, **parts)

    def __call__(self, *args: Any, **parts: Any) -> Any:
        return self.adapter.send(
            self.message(*args, **parts), account=self.account, progress=self.progress, save_progress=self.save
        )

    def save(self, progress: dict[str, Any]) -> None:
        self.progress = {**self.progress, **progress}

    def failing(self, *args: Any, **parts: Any) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            self(*args, **parts)
        return caught.value

    def lookup(self, **parts: Any) -> Found:
        return self.adapter.lookup(self.message(**parts), account=self.account, progress=self.progress).found


@pytest.fixture
def send(world: World, account: ChannelAccount) -> Sending:
    return Sending(world, account)


def posted_fields(world: World) -> dict[str, str]:
    sent = next(r for r in world.requests() if r["method"] == "POST")
    return {name: values[0] for name, values in parse_qs(sent["body"]).items()}


def test_a_text_is_posted_as_the_provider_wants_it(send: Sending, world: World) -> None:
    result = send("Geïnstalleerd € 😀")
    assert posted_fields(world) == {
        "To": JAN,
        "From": OURS,
        "Body": "Geïnstalleerd € 😀",
        "StatusCallback": f"{PUBLIC}/webhooks/sms/status?reference={REFERENCE}",
        "ValidityPeriod": "14400",
    }
    sent = world.requests()[0]
    assert sent["path"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert sent["headers"]["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:simulated-auth-token".encode()).decode()
    assert (result.status, result.meta["segments"]) == (DeliveryStatus.ACCEPTED, "1")
    assert result.provider_message_id == world.texts()[0]["sid"]


def test_an_api_key_signs_in_where_there_is_one(send: Sending, world: World) -> None:
    key = "SK00000000000000000000000000000777"
    send.account = replace(
        send.account,
        settings={"account_sid": ACCOUNT, "api_key_sid": key},
        secrets={"signing_secret": "not this one", "api_key_secret": "simulated-key-secret"},
    )
    send()
    assert world.requests()[0]["headers"]["authorization"] == (
        "Basic " + base64.b64encode(f"{key}:simulated-key-secret".encode()).decode()
    )


def test_a_messaging_service_stands_in_place_of_the_number(send: Sending, world: World) -> None:
    service = "MG00000000000000000000000000000777"
    send.account = replace(
        send.account, settings={"account_sid": ACCOUNT, "messaging_service_sid": service, "validity_seconds": 60}
    )
    send()
    fields = posted_fields(world)
    assert (fields["MessagingServiceSid"], fields["ValidityPeriod"], "From" in fields) == (service, "60", False)


@pytest.mark.parametrize(
    ("name", "sender"), [("ChargeCars", "ChargeCars"), ("ChargeCars Plus", OURS), ("12345", OURS), ("", OURS)]
)
def test_a_sender_name_is_used_only_where_it_is_one(send: Sending, world: World, name: str, sender: str) -> None:
    send.account = replace(send.account, settings={"account_sid": ACCOUNT, "sender_name": name})
    send()
    assert posted_fields(world)["From"] == sender


REFUSED = {
    "+15005550001": ("21211", "permanent"),
    "+31201112222": ("21614", "permanent"),
    "+15005550004": ("21610", "permanent"),
    "+15005550429": ("20429", "temporary"),
}


def outcome(error: ProviderError) -> str:
    if error.channel_down:
        return "channel down"
    return "unknown" if error.outcome_unknown else "permanent" if error.permanent else "temporary"


@pytest.mark.parametrize(("to", "expected"), REFUSED.items())
def test_refusals_say_what_to_do(send: Sending, to: str, expected: tuple[str, str]) -> None:
    error = send.failing(to=to)
    assert (error.reason.code, outcome(error)) == expected
    assert error.reason.title
    assert error.reason.advice
    assert send.lookup(to=to) == Found.NOT_SENT


def test_a_refused_sign_in_takes_the_channel_down(send: Sending, world: World) -> None:
    world.configure(refuses_sign_in=True)
    error = send.failing()
    assert (outcome(error), error.reason.code) == ("channel down", "20003")


def test_retry_after_is_heeded(send: Sending, world: World) -> None:
    world.fault(status=429, headers={"Retry-After": "17"}, body={"code": 20429, "message": "Too many requests"})
    error = send.failing()
    assert (outcome(error), error.retry_after_seconds) == ("temporary", 17)


WRONG: dict[str, dict[str, Any]] = {
    "a file": {"attachments": (OutgoingAttachment("a.pdf", "application/pdf", b"x"),)},
    "no text": {"text": "  "},
    "too long": {"text": "a" * 1601},
    "a name for a number": {"to": "anonymous"},
    "a short code": {"to": "1234"},
}


@pytest.mark.parametrize("parts", WRONG.values(), ids=WRONG)
def test_what_the_provider_would_not_take_is_refused_before_it_is_called(
    send: Sending, world: World, parts: dict[str, Any]
) -> None:
    assert outcome(send.failing(**parts)) == "permanent"
    assert world.requests() == []
    assert send.lookup() == Found.NOT_SENT


LOST: dict[str, dict[str, Any]] = {
    "the line broke after it": {"when": "after", "drop_connection": True},
    "the answer came too late": {"when": "after", "delay_s": 0.8},
    "an error page after it": {"when": "after", "status": 502, "body": "<html>Bad gateway</html>"},
    "half an answer": {"truncate": 20},
    "no id in the answer": {"when": "after", "status": 201, "body": {"status": "queued"}},
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_text_that_was_taken_is_found_however_its_answer_was_lost(send: Sending, world: World, fault: dict[str, Any]) -> None:
    world.fault(**fault)
    error = send.failing()
    assert outcome(error) == "unknown"
    found = send.adapter.lookup(send.message(), account=send.account, progress=send.progress)
    assert (found.found, found.provider_message_id) == (Found.SENT, world.texts()[0]["sid"])
    assert len(world.texts()) == 1


NEVER: dict[str, dict[str, Any]] = {
    "an error before it": {"status": 500, "body": {"code": 20500, "message": "Internal server error"}},
    "the line broke before it": {"drop_connection": True},
}


@pytest.mark.parametrize("fault", NEVER.values(), ids=NEVER)
def test_a_text_that_was_not_taken_is_known_to_be_so_once_the_list_had_time(
    send: Sending, world: World, fault: dict[str, Any]
) -> None:
    world.fault(**fault)
    assert outcome(send.failing()) == "unknown"
    assert send.lookup() == Found.UNKNOWN
    send.later = timedelta(seconds=31)
    assert send.lookup() == Found.NOT_SENT


def test_a_text_that_still_waits_is_found_though_it_has_no_date_of_sending(send: Sending, world: World) -> None:
    world.configure(sent_s=None, delivered_s=None)
    world.fault(when="after", drop_connection=True)
    send.failing()
    assert world.texts()[0]["date_sent"] is None
    assert send.lookup() == Found.SENT


def test_another_text_of_the_same_words_is_not_taken_for_it(send: Sending, world: World) -> None:
    first = send("Ja").provider_message_id
    world.fault(status=500)
    send.failing("Ja")
    send.later = timedelta(seconds=31)
    assert send.lookup(text="Ja") == Found.SENT  # nothing told it that this one is another
    assert send.lookup(text="Ja", taken_ids=(first,)) == Found.NOT_SENT


def test_words_from_before_the_try_and_to_others_are_not_taken_for_it(send: Sending, world: World) -> None:
    send("Ja")
    send("Ja", to="+31687654321")
    world.control("clock", advance_seconds=3600)
    send.later = timedelta(hours=1)
    world.fault(status=500)
    send.failing("Ja")
    send.later += timedelta(seconds=31)
    assert send.lookup(text="Ja") == Found.NOT_SENT


def test_the_list_is_read_page_by_page(send: Sending, world: World) -> None:
    world.fault(when="after", drop_connection=True)
    send.failing("De eerste")
    for number in range(120):
        send(f"bericht {number}")
    send.progress["requested_at"] = (utc_now() - timedelta(seconds=1)).isoformat()
    assert send.lookup(text="De eerste") == Found.SENT
    assert [r["query"] for r in world.requests() if r["method"] == "GET" and "Page=1" in r["query"]]


def test_words_that_a_service_made_plain_are_recognised(send: Sending, world: World) -> None:
    world.fault(when="after", drop_connection=True)
    send.failing('"Ja" - tot zo...')
    assert send.lookup(text="“Ja” – tot zo…") == Found.SENT


def test_a_provider_that_cannot_be_asked_says_nothing(send: Sending, world: World) -> None:
    world.fault(when="after", drop_connection=True)
    send.failing()
    world.fault(method="GET", status=503)
    with pytest.raises(ProviderError) as told:
        send.lookup()
    assert not told.value.permanent


@pytest.mark.parametrize(
    ("sid", "is_there"), [("/2010-04-01/x", True), ("https://evil.example/x", False), ("//evil.example/x", False)]
)
def test_no_page_is_read_from_another_host(send: Sending, world: World, sid: str, is_there: bool) -> None:
    world.fault(method="GET", status=200, body={"messages": [{"sid": "SM1", "date_created": None}], "next_page_uri": sid})
    send.progress["requested_at"] = utc_now().isoformat()
    with pytest.raises(ProviderError):
        send.lookup()
    seen = [r["path"] for r in world.requests()]
    assert ("/2010-04-01/x" in seen) is is_there


class TestChecking:
    def check(self, send: Sending, **settings: Any) -> tuple[bool, str]:
        account = replace(send.account, settings={**send.account.settings, **settings})
        health = send.adapter.check(account=account)
        return health.ok, health.detail

    def test_a_number_that_reports_to_us_works(self, send: Sending, world: World) -> None:
        world.configure(sms_url=f"{PUBLIC}/webhooks/sms#rc=3&rp=all")
        assert self.check(send) == (True, "Connected as ChargeCars")

    def test_a_number_that_reports_elsewhere_says_where(self, send: Sending, world: World) -> None:
        world.configure(sms_url="https://other.example/sms")
        ok, words = self.check(send)
        assert not ok
        assert "https://other.example/sms" in words
        assert f"{PUBLIC}/webhooks/sms" in words

    def test_wrong_credentials_are_told(self, send: Sending, world: World) -> None:
        world.configure(refuses_sign_in=True)
        ok, words = self.check(send)
        assert not ok
        assert words.startswith("Twilio rejected our credentials · An administrator must enter")

    def test_a_suspended_account_is_told(self, send: Sending, world: World) -> None:
        world.configure(account_status="suspended")
        assert "suspended" in self.check(send)[1]

    def test_somebody_elses_number_is_told(self, send: Sending, world: World) -> None:
        world.configure(sms_numbers=["+3197010200888"])
        assert self.check(send) == (False, f"{OURS} does not belong to this Twilio account")

    def test_a_missing_auth_token_is_told(self, send: Sending) -> None:
        send.account = replace(send.account, secrets={})
        assert "auth token is missing" in self.check(send)[1]

    def test_a_number_for_calls_must_report_its_calls(self, send: Sending, world: World) -> None:
        phone = TwilioPhone(HttpClient(allowed_networks=("127.0.0.0/8",)), world.url, PUBLIC)
        account = replace(send.account, address=DESK)
        assert not phone.check(account=account).ok
        world.configure(voice_url=f"{PUBLIC}/webhooks/voice")
        assert phone.check(account=account).ok


class TestFiles:
    def fetch(self, send: Sending, url: str) -> Any:
        return send.adapter.fetch_media(media_id="MM1:0", url=url, account=send.account)

    def url_of_a_file(self, world: World) -> str:
        content = base64.b64encode(b"\x89PNG small").decode()
        world.emit(kind="sms", **{"from": JAN}, body="foto", media=[{"content_base64": content, "content_type": "image/png"}])
        return world.webhook.next().form["MediaUrl0"]

    def test_a_picture_is_fetched_with_the_sign_in_and_behind_the_redirect_without(self, send: Sending, world: World) -> None:
        fetched = self.fetch(send, self.url_of_a_file(world))
        assert (fetched.content, fetched.content_type) == (b"\x89PNG small", "image/png")
        first, second = [r for r in world.requests() if r["method"] == "GET"]
        assert "authorization" in first["headers"]
        assert "authorization" not in second["headers"]

    @pytest.mark.parametrize("url", ["https://evil.example/x", "http://127.0.0.1:1/x", "", "file:///etc/passwd"])
    def test_a_file_elsewhere_is_never_asked_for(self, send: Sending, world: World, url: str) -> None:
        with pytest.raises(ProviderError) as caught:
            self.fetch(send, url)
        assert caught.value.permanent
        assert world.requests() == []

    def test_only_one_redirect_is_followed_and_none_inwards(self, send: Sending, world: World) -> None:
        url = self.url_of_a_file(world)
        world.fault(path="/Media/", method="GET", status=302, headers={"Location": "http://10.0.0.1/x"}, body="")
        with pytest.raises(ProviderError) as caught:
            self.fetch(send, url)
        assert caught.value.permanent
        world.fault(path="/Media/", method="GET", status=302, headers={"Location": f"{world.url}/files/x"}, body="")
        world.fault(path="/files/", method="GET", status=302, headers={"Location": f"{world.url}/files/y"}, body="")
        with pytest.raises(ProviderError):
            self.fetch(send, url)

    def test_a_file_that_is_gone_is_gone(self, send: Sending, world: World) -> None:
        url = self.url_of_a_file(world)
        world.control("reset")
        with pytest.raises(ProviderError) as caught:
            self.fetch(send, url)
        assert caught.value.permanent

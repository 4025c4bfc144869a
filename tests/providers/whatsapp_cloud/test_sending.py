"""Adapter and simulator over real HTTP: sending."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.contract.base import (
    DeliveryStatus,
    Found,
    Identity,
    IdentityKind,
    OutgoingAttachment,
    OutgoingMessage,
    Party,
    ProviderError,
)
from app.core.http import HttpClient
from app.providers.whatsapp_cloud.adapter import WhatsAppAdapter
from tests.sandbox.simulators.whatsapp_world import JAN, World

REFERENCE = "0197f0de-0000-7000-8000-0000000000aa"
TO_JAN = Party(
    (Identity(IdentityKind.WA_ID, JAN), Identity(IdentityKind.PHONE, f"+{JAN}"), Identity(IdentityKind.BSUID, "NL.1", "w"))
)
PNG = OutgoingAttachment("meterkast.png", "image/png", b"\x89PNG fake but small")
PDF = OutgoingAttachment("offerte.pdf", "application/pdf", b"%PDF-1.7 fake")


class Sending:
    """Sends to Jan and keeps what the adapter saved on the way."""

    def __init__(self, adapter: WhatsAppAdapter, account: Any) -> None:
        self.adapter = adapter
        self.account = account
        self.progress: dict[str, Any] = {}
        self.saved: list[dict[str, Any]] = []

    def __call__(self, **parts: Any):
        message = OutgoingMessage(**{"reference": REFERENCE, "to": (TO_JAN,), **parts})
        return self.adapter.send(message, account=self.account, progress=self.progress, save_progress=self.save)

    def save(self, progress: dict[str, Any]) -> None:
        self.progress = progress
        self.saved.append(progress)

    def failing(self, **parts: Any) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            self(**{"text": "hallo", **parts})
        return caught.value

    def lookup(self) -> Found:
        message = OutgoingMessage(reference=REFERENCE, to=(TO_JAN,), text="hallo")
        return self.adapter.lookup(message, account=self.account, progress=self.progress).found


@pytest.fixture
def send(adapter, account) -> Sending:
    return Sending(adapter, account)


@pytest.fixture
def open_window(world: World) -> None:
    world.emit(kind="message", **{"from": JAN}, text="hoi")
    world.webhook.next()


def outcome(error: ProviderError) -> str:
    if error.channel_down:
        return "channel down"
    if error.outcome_unknown:
        return "unknown"
    return "permanent" if error.permanent else "temporary"


@pytest.mark.usefixtures("open_window")
class TestInsideTheWindow:
    def test_text_is_accepted_and_carries_our_reference_to_the_last_status(self, send, world, adapter, account):
        result = send(text="De monteur komt morgen om 9:00.")
        assert result.status is DeliveryStatus.ACCEPTED
        posts = [world.webhook.next() for _ in range(3)]
        statuses = [status for post in posts for status in adapter.parse(post.body, account=account).statuses]
        assert {status.status.value for status in statuses} == {"sent", "delivered", "read"}
        assert {status.our_reference for status in statuses} == {REFERENCE}
        assert {status.provider_message_id for status in statuses} == {result.provider_message_id}
        assert world.phone()[-1]["text"] == "De monteur komt morgen om 9:00."

    def test_webhooks_of_the_simulator_pass_our_check(self, world, adapter):
        world.emit(kind="message", **{"from": JAN}, text="Privé / €")
        post = world.webhook.next()
        assert b"\\u20ac" in post.body
        assert b"\\/" in post.body
        assert adapter.verify(headers=post.headers, body=post.body, secrets=("simulated-app-secret",))

    def test_reply_quotes_the_message_it_answers(self, send, world):
        send(text="Ja", reply_to_external_id=world.phone()[0]["id"])
        assert world.phone()[-1]["context_id"] == world.phone()[0]["id"]

    def test_4096_characters_go_and_4097_do_not(self, send, world):
        send(text="é" * 4096)
        error = send.failing(text="é" * 4097)
        assert outcome(error) == "permanent"
        assert "4096" in error.reason.title
        assert len(world.ledger()["accepted"]) == 1

    def test_person_without_a_number_is_reached_by_scoped_id(self, send, world):
        anna = "NL.77001234"
        world.emit(kind="message", **{"from": anna}, text="hoi", hides_number=True)
        scoped = world.webhook.next().items("messages")[0]["from_user_id"]
        send(text="Dag Anna", to=(Party((Identity(IdentityKind.BSUID, scoped, "w"),)),))
        assert world.ledger()["accepted"][-1]["payload"]["recipient"] == scoped

    def test_number_is_sent_as_bare_digits(self, send, world):
        send(text="x", to=(Party((Identity(IdentityKind.PHONE, "+31 6 12345678"),)),))
        assert world.ledger()["accepted"][-1]["to"] == JAN

    def test_wa_id_that_differs_from_the_number_is_reported(self, send):
        mexican = Party((Identity(IdentityKind.PHONE, "+525512345678"),))
        assert send(text="hola", to=(mexican,)).meta["wa_id"] == "5215512345678"

    def test_text_with_one_picture_is_its_caption(self, send, world):
        send(text="Zo komt hij te hangen", attachments=(PNG,))
        sent = world.ledger()["accepted"][-1]
        assert (sent["type"], sent["text"]) == ("image", "Zo komt hij te hangen")
        assert world.phone()[-1]["media"]["mime_type"] == "image/png"

    def test_document_keeps_its_name(self, send, world):
        send(attachments=(PDF,))
        assert world.ledger()["accepted"][-1]["payload"]["document"]["filename"] == "offerte.pdf"

    def test_picture_too_large_for_the_provider_is_refused_for_good_and_nothing_is_sent(self, send, world):
        error = send.failing(attachments=(replace(PNG, content=bytes(5 * 1024 * 1024 + 1)),))
        assert (outcome(error), error.reason.code) == ("permanent", "131053")
        assert send.lookup() is Found.NOT_SENT
        assert world.ledger()["accepted"] == []

    def test_type_the_provider_does_not_know_is_refused_for_good(self, send):
        error = send.failing(attachments=(replace(PNG, content_type="application/x-unheard-of"),))
        assert (outcome(error), error.reason.code) == ("permanent", "100")
        assert "Got application/x-unheard-of" in error.reason.detail

    def test_repeat_of_a_send_uploads_nothing_twice(self, send, world):
        world.fault(status=503, body={"error": {"code": 131016, "message": "busy"}})
        assert outcome(send.failing(text="", attachments=(PNG,))) == "temporary"
        send(attachments=(PNG,))
        assert len(world.simulator.store.files) == 1

    def test_other_file_in_the_same_delivery_is_uploaded(self, send, world):
        send(attachments=(PNG,))
        send(attachments=(PDF,))
        assert len(world.simulator.store.files) == 2

    def test_what_is_about_to_be_asked_is_saved_first(self, send):
        send(text="", attachments=(PNG,))
        assert [("media_id" in progress, progress.get("message_requested")) for progress in send.saved] == [
            (True, None),
            (True, True),
        ]

    def test_lost_claim_stops_the_send_before_the_call(self, send, world):
        def lost(progress: Any) -> None:
            raise RuntimeError("somebody else has the delivery now")

        send.save = lost
        with pytest.raises(RuntimeError):
            send(text="hallo")
        assert world.ledger()["accepted"] == []


class TestRefusedBeforeAnyCall:
    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ({"text": "  "}, "empty"),
            ({"text": "x", "attachments": (PNG, PDF)}, "one_attachment"),
            ({"text": "x" * 1025, "attachments": (PNG,)}, "too_long"),
            ({"text": "x", "attachments": (replace(PNG, content_type="audio/ogg; codecs=opus"),)}, "no_caption"),
            ({"text": "", "attachments": (replace(PNG, content=b""),)}, "attachment"),
            ({"text": "", "attachments": (replace(PNG, content_type="image/heic"),)}, "attachment"),
            ({"to": ()}, "recipients"),
            ({"to": (TO_JAN, TO_JAN)}, "recipients"),
            ({"to": (Party(name="Nobody"),)}, "recipient_missing"),
            ({"to": (Party((Identity(IdentityKind.USERNAME, "jan"),)),)}, "recipient_missing"),
            ({"to": (Party((Identity(IdentityKind.PHONE, "geen nummer"),)),)}, "recipient_missing"),
        ],
    )
    def test_impossible_message_is_refused_for_good_with_a_reason(self, send, world, parts, code):
        error = send.failing(**parts)
        assert outcome(error) == "permanent"
        assert error.reason.code == code
        assert error.reason.advice
        assert world.control("requests", "GET")["requests"] == []
        assert send.saved == []

    def test_channel_without_a_token_is_down(self, adapter, account):
        assert outcome(Sending(adapter, replace(account, secrets={})).failing()) == "channel down"


class TestProviderSaysNo:
    def test_outside_the_window_the_refusal_comes_as_a_status(self, send, world, adapter, account):
        result = send(text="hallo")
        (status,) = adapter.parse(world.webhook.next().body, account=account).statuses
        assert status.provider_message_id == result.provider_message_id
        assert (status.status, status.reason.code) == (DeliveryStatus.FAILED, "131047")

    def test_outside_the_window_the_refusal_may_come_at_once(self, send, world):
        world.configure(window="sync")
        error = send.failing()
        assert (outcome(error), error.reason.code) == ("permanent", "131047")
        assert "template" in error.reason.advice

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            (0, "channel down"),
            (3, "channel down"),
            (10, "channel down"),
            (190, "channel down"),
            (200, "channel down"),
            (299, "channel down"),
            (368, "channel down"),
            (131031, "channel down"),
            (131045, "channel down"),
            (133010, "channel down"),
            (131005, "channel down"),
            (4, "temporary"),
            (80007, "temporary"),
            (613, "temporary"),
            (130429, "temporary"),
            (131056, "temporary"),
            (131048, "temporary"),
            (131057, "temporary"),
            (131000, "temporary"),
            (131016, "temporary"),
            (135000, "temporary"),
            (100, "permanent"),
            (130472, "permanent"),
            (130497, "permanent"),
            (131008, "permanent"),
            (131009, "permanent"),
            (131021, "permanent"),
            (131026, "permanent"),
            (131047, "permanent"),
            (131049, "permanent"),
            (131053, "permanent"),
            (132001, "permanent"),
            (132015, "permanent"),
            (132016, "permanent"),
            (137000, "permanent"),
            (139100, "permanent"),
            (2388293, "permanent"),
            (987654, "permanent"),
        ],
    )
    def test_code_decides_what_happens_next_and_what_the_agent_reads(self, send, world, code, expected):
        world.control("fail_next", code=code, how="sync", details="in detail")
        error = send.failing()
        assert outcome(error) == expected
        assert not error.outcome_unknown
        assert (error.reason.code, error.reason.detail) == (str(code), "in detail")
        assert error.reason.title
        assert error.reason.advice
        assert send.lookup() is Found.NOT_SENT

    def test_expired_token_takes_the_channel_down(self, send, world):
        world.configure(token_is_expired=True)
        error = send.failing()
        assert (outcome(error), error.reason.code, error.status_code) == ("channel down", "190", 401)

    @pytest.mark.parametrize(("code", "seconds"), [(130429, 5), (131056, 6), (80007, 120)])
    def test_limits_say_how_long_to_wait(self, send, world, code, seconds):
        world.control("fail_next", code=code, how="sync")
        assert send.failing().retry_after_seconds == seconds

    def test_providers_own_retry_after_wins(self, send, world):
        world.fault(status=429, headers={"Retry-After": "17"}, body={"error": {"code": 130429}})
        assert send.failing().retry_after_seconds == 17

    def test_retry_after_may_be_a_date(self, send, world):
        world.fault(status=429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, body="<h1>slow down</h1>")
        assert send.failing().retry_after_seconds == 0

    def test_pair_limit_delays_this_recipient_only(self, send, world, open_window):
        world.configure(pair_burst=1)
        send(text="een")
        assert send.failing(text="twee").reason.code == "131056"
        send(text="een", to=(Party((Identity(IdentityKind.WA_ID, "31687654321"),)),))


@pytest.mark.usefixtures("open_window")
class TestLinesThatBreak:
    """What is certain, and what must be looked into before anything is repeated."""

    def accepted(self, world: World) -> int:
        return len(world.ledger()["accepted"])

    @pytest.mark.parametrize(
        "fault",
        [
            {"drop_connection": True},
            {"drop_connection": True, "when": "after"},
            {"status": 500, "body": "<html>oops</html>"},
            {"status": 500, "body": "<html>oops</html>", "when": "after"},
            {"status": 502},
            {"status": 504, "when": "after"},
            {"status": 408},
            {"status": 200, "body": "<html>welcome to the hotel</html>"},
            {"status": 200, "body": "[]"},
            {"status": 200, "body": {}},
            {"status": 200, "body": {"messages": []}},
            {"status": 200, "body": {"messages": [{"id": None}]}},
            {"truncate": 30},
        ],
        ids=str,
    )
    def test_call_without_a_clear_answer_has_an_unknown_outcome(self, send, world, fault):
        world.fault(**fault)
        error = send.failing()
        assert outcome(error) == "unknown"
        assert not error.permanent
        assert send.lookup() is Found.UNKNOWN

    @pytest.mark.parametrize("fault", [{"delay_s": 6}, {"delay_s": 6, "when": "after"}, {"body_delay_s": 6}], ids=str)
    def test_answer_that_takes_too_long_has_an_unknown_outcome(self, world, account, fault):
        impatient = WhatsAppAdapter(HttpClient(allowed_networks=("127.0.0.0/8",)), world.url, "v26.0", read_timeout=0.5)
        send = Sending(impatient, account)
        world.fault(**fault)
        error = send.failing()
        assert outcome(error) == "unknown"
        assert not error.permanent
        assert send.lookup() is Found.UNKNOWN

    def test_message_taken_before_the_line_broke_reports_with_our_reference(self, send, world, adapter, account):
        world.fault(drop_connection=True, when="after")
        assert outcome(send.failing()) == "unknown"
        assert self.accepted(world) == 1
        (status,) = adapter.parse(world.webhook.next().body, account=account).statuses
        assert status.our_reference == REFERENCE

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 429},
            {"status": 404, "body": "<html>no such page</html>"},
            {"status": 400, "body": '{"error": {"code"'},
            {"status": 302, "headers": {"Location": "https://example.com/"}},
        ],
        ids=str,
    )
    def test_refusal_in_strange_words_is_temporary_and_certain(self, send, world, fault):
        world.fault(**fault)
        assert outcome(send.failing()) == "temporary"
        assert send.lookup() is Found.NOT_SENT
        assert self.accepted(world) == 0

    def test_provider_that_cannot_be_reached_was_certainly_not_asked(self, account):
        nowhere = WhatsAppAdapter(HttpClient(allowed_networks=("127.0.0.0/8",)), "http://127.0.0.1:9", "v26.0")
        send = Sending(nowhere, account)
        assert outcome(send.failing()) == "temporary"
        assert send.lookup() is Found.NOT_SENT

    def test_unknown_fields_in_the_answer_do_no_harm(self, send, world):
        world.fault(status=200, body={"messages": [{"id": "wamid.1", "new": [1]}], "contacts": ["x"], "more": {}})
        assert send(text="hallo").provider_message_id == "wamid.1"

    @pytest.mark.parametrize(
        "fault", [{"drop_connection": True, "when": "after"}, {"status": 500, "body": "<html>"}, {"truncate": 3}]
    )
    def test_upload_that_broke_sent_nothing(self, send, world, fault):
        world.fault(path="/media$", **fault)
        assert outcome(send.failing(attachments=(PNG,))) == "temporary"
        assert send.lookup() is Found.NOT_SENT

    def test_delivery_that_was_never_tried_was_not_sent(self, send):
        assert send.lookup() is Found.NOT_SENT

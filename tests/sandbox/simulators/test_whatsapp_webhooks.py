"""The simulated WhatsApp calls us: signed, repeated, spoiled on request, and written down."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
import requests

from app.sandbox.simulators.whatsapp_cloud import WhatsAppSimulator
from tests.sandbox.simulators.whatsapp_world import JAN, NUMBER_ID, Received, World

TEXT = {"type": "text", "text": {"body": "hoi"}}


def is_signed(post: Received, secret: str = "simulated-app-secret") -> bool:
    expected = "sha256=" + hmac.new(secret.encode(), post.body, hashlib.sha256).hexdigest()
    return post.headers["x-hub-signature-256"] == expected


@pytest.fixture
def writes(world: World):
    """Jan writes; returns what emit returned."""
    return lambda text="hoi", **order: world.emit(kind="message", **{"from": JAN, "text": text, **order})


class TestCustomerWrites:
    def test_message_arrives_signed_with_everything_escaped(self, world, writes):
        writes("Priv\u00e9 / \U0001f600", name="Ren\u00e9e")
        post = world.webhook.next()
        assert is_signed(post)
        assert post.body.isascii()
        assert b"\\u00e9 \\/ \\ud83d\\ude00" in post.body
        (value,) = post.values
        assert value["metadata"] == {"display_phone_number": "31201234567", "phone_number_id": NUMBER_ID}
        assert value["contacts"][0]["profile"]["name"] == "Ren\u00e9e"
        assert value["messages"][0]["from"] == value["contacts"][0]["wa_id"] == JAN

    def test_configured_secret_signs(self, world, writes):
        world.configure(app_secret="another")
        writes()
        assert is_signed(world.webhook.next(), "another")

    def test_username_user_shows_no_number_anywhere(self, world, writes):
        world.configure(window="off")
        writes(name="Anna", username="anna.devries", hides_number=True)
        post = world.webhook.next()
        assert JAN not in post.body.decode()
        scoped = post.items("messages")[0]["from_user_id"]
        world.send(**TEXT, to=None, recipient=scoped)
        assert world.webhook.next().items("statuses")[0]["recipient_user_id"] == scoped
        assert "recipient_id" not in world.webhook.next().items("statuses")[0]

    def test_what_is_done_to_a_bubble_comes_through_its_number(self, world, writes):
        numbers = [{"phone_number_id": name, "display_phone_number": name, "waba_id": "3"} for name in ("1", "2")]
        world.configure(numbers=numbers)
        (written,) = writes(phone_number_id="2")["ids"]
        world.emit(kind="revoke", **{"from": JAN, "target": written})
        through = [world.webhook.next().values[0]["metadata"]["phone_number_id"] for _post in range(2)]
        assert through == ["2", "2"]

    def test_several_messages_may_come_in_one_post(self, world):
        orders = [{"from": JAN, "text": str(number)} for number in range(3)]
        assert world.emit(kind="messages", messages=orders, batch=True)["posts"] == 1
        assert [item["text"]["body"] for item in world.webhook.next().items("messages")] == ["0", "1", "2"]

    def test_duplicates_are_the_same_bytes(self, world, writes):
        assert writes(duplicate=2)["posts"] == 3
        assert len({world.webhook.next().body for _ in range(3)}) == 1

    def test_bad_signature_is_posted_once_and_not_counted_as_genuine(self, world, writes):
        world.webhook.answers += [401]
        writes(bad_signature=True)
        assert not is_signed(world.webhook.next())
        world.settle()
        (noted,) = world.ledger()["emitted"]
        assert (noted["posts"], noted["acknowledged_at"], noted["is_genuine"]) == (1, None, False)

    def test_body_re_encoded_after_signing_does_not_match_its_signature(self, world, writes):
        writes("\u00e9", reencode=True)
        post = world.webhook.next()
        assert "\u00e9" in post.body.decode()
        assert not is_signed(post)

    @pytest.mark.parametrize("order", [{"type": "poll", "content": {"question": "?"}}, {"type": "interactive", "item": {"x": 1}}])
    def test_any_type_can_be_made(self, world, writes, order):
        writes(**order)
        assert world.webhook.next().items("messages")[0]["type"] == order["type"]

    def test_edit_and_revoke_may_come_before_the_original(self, world):
        world.emit(kind="revoke", **{"from": JAN}, target="wamid.later")
        world.emit(kind="edit", **{"from": JAN}, target="wamid.later", text="beter")
        found = {item["type"]: item for _ in range(2) for item in world.webhook.next().items("messages")}
        assert found["revoke"]["revoke"]["original_message_id"] == "wamid.later"
        assert found["edit"]["edit"]["message"]["text"]["body"] == "beter"

    def test_echo_comes_from_our_number(self, world):
        world.emit(kind="echo", to=JAN, text="Ik bel zo")
        (echo,) = world.webhook.next().items("message_echoes")
        assert (echo["from"], echo["to"]) == ("31201234567", JAN)

    def test_raw_bodies_and_changes_go_out_signed(self, world):
        world.emit(kind="raw", body="{ not json")
        post = world.webhook.next()
        assert (post.body, is_signed(post)) == (b"{ not json", True)
        world.emit(kind="raw", payload={"object": "x"})
        assert world.webhook.next().payload == {"object": "x"}
        world.emit(kind="change", field="account_update", value={"event": "ACCOUNT_RESTRICTION"})
        assert world.webhook.next().values == [{"event": "ACCOUNT_RESTRICTION"}]

    def test_handshake_succeeds_with_the_right_token_only(self, world):
        assert world.emit(kind="handshake")["ok"]
        refused = world.emit(kind="handshake", wrong_token=True)
        assert (refused["ok"], refused["status"]) == (False, 403)

    @pytest.mark.parametrize(
        "order",
        [{"kind": "sing"}, {"kind": "message"}, {"from": JAN, "type": "image"}, {"kind": "status"}, {"from": JAN, "delay": "x"}],
    )
    def test_order_that_makes_no_sense_is_refused_with_a_sentence(self, world, order):
        with pytest.raises(AssertionError, match="error"):
            world.emit(**order)

    def test_unknown_setting_is_refused(self, world):
        with pytest.raises(AssertionError, match="unknown settings: colour"):
            world.configure(colour="blue")


class TestUntilAcknowledged:
    def test_webhook_is_repeated_until_it_is_acknowledged_and_the_ledger_knows(self, world, writes):
        world.webhook.answers += [500, 301, 404]
        writes()
        assert len({world.webhook.next().body for _ in range(4)}) == 1
        world.settle()
        (noted,) = world.ledger()["emitted"]
        assert (noted["kind"], noted["posts"], noted["is_genuine"]) == ("message", 4, True)
        assert noted["acknowledged_at"]
        assert world.webhook.arrived.empty()

    def test_webhook_waits_until_somebody_can_be_called(self, world, writes):
        world.configure(webhook_url="http://127.0.0.1:9/nobody", retry_max_s=0.05)
        writes()
        assert world.ledger()["emitted"][0]["acknowledged_at"] is None
        world.configure(webhook_url=world.webhook_url)
        assert world.webhook.next().items("messages")

    def test_reset_forgets_what_was_still_to_come(self, world, writes):
        writes(delay=60)
        world.control("reset")
        assert world.control("idle?timeout_s=0", "GET")["idle"]
        assert world.ledger() == {"accepted": [], "emitted": []}


class TestStatuses:
    def statuses(self, world: World, count: int) -> list[str]:
        return [status["status"] for _ in range(count) for status in world.webhook.next().items("statuses")]

    def test_message_climbs_to_read_on_the_phone_and_by_webhook(self, world, writes):
        writes()
        world.webhook.next()
        world.send(**TEXT, biz_opaque_callback_data="ref-1")
        assert set(self.statuses(world, 3)) == {"sent", "delivered", "read"}
        world.settle()
        assert world.phone()[-1]["ticks"] == "read"
        (accepted,) = world.ledger()["accepted"]
        assert (accepted["to"], accepted["text"], accepted["biz_opaque_callback_data"]) == (JAN, "hoi", "ref-1")
        noted = [entry for entry in world.ledger()["emitted"] if entry["kind"] == "status"]
        assert {entry["id"] for entry in noted} == {accepted["wamid"]}
        assert all(entry["acknowledged_at"] for entry in noted)

    def test_customer_may_read_when_they_choose(self, world, writes):
        world.configure(read_s=None)
        writes()
        world.webhook.next()
        world.send(**TEXT)
        assert set(self.statuses(world, 2)) == {"sent", "delivered"}
        world.settle()
        world.emit(kind="read", wa_id=JAN)
        assert self.statuses(world, 1) == ["read"]

    def test_first_status_may_come_before_the_answer(self, world, writes):
        world.configure(status_before_answer=True, delivered_s=None, read_s=None)
        writes()
        world.webhook.next()
        world.send(**TEXT)
        assert world.webhook.arrived.qsize() == 1

    def test_any_status_can_be_ordered(self, world, writes):
        world.configure(sent_s=None, delivered_s=None, read_s=None)
        writes()
        world.webhook.next()
        wamid = world.send(**TEXT).json()["messages"][0]["id"]
        world.emit(kind="status", wamid=wamid, status="failed", code=131026)
        (status,) = world.webhook.next().items("statuses")
        assert status["errors"][0]["code"] == 131026
        assert world.phone()[-1]["ticks"] == "failed"

    def test_ordered_failure_comes_the_way_the_provider_mostly_gives_it(self, world, writes):
        writes()
        world.webhook.next()
        world.control("fail_next", code=131026)
        world.control("fail_next", code=130429)
        assert world.send(**TEXT).ok
        assert self.statuses(world, 1) == ["failed"]
        assert world.send(**TEXT).json()["error"]["code"] == 130429
        assert world.send(**TEXT).ok

    def test_number_without_whatsapp_fails_afterwards(self, world):
        world.configure(not_on_whatsapp=[JAN])
        assert world.send(**TEXT).ok
        assert world.webhook.next().items("statuses")[0]["errors"][0]["code"] == 131026

    def test_message_whose_answer_was_lost_is_in_the_ledger_and_reports(self, world, writes):
        writes()
        world.webhook.next()
        world.fault(drop_connection=True, when="after")
        with pytest.raises(requests.ConnectionError):
            world.send(**TEXT)
        assert len(world.ledger()["accepted"]) == 1
        assert len(self.statuses(world, 3)) == 3

    def test_message_that_never_arrived_is_not_in_the_ledger(self, world):
        world.fault(drop_connection=True)
        with pytest.raises(requests.ConnectionError):
            world.send(**TEXT)
        assert world.ledger()["accepted"] == []


class TestWindow:
    def code(self, world: World) -> int | None:
        """What free text leads to right now."""
        world.configure(window="sync")
        answer = world.send(**TEXT)
        return None if answer.ok else answer.json()["error"]["code"]

    def test_free_text_fails_before_the_customer_has_written(self, world):
        assert self.code(world) == 131047

    def test_window_opens_with_a_message_and_closes_after_a_day(self, world, writes):
        world.control("clock", stop=True)
        writes()
        world.control("clock", advance_seconds=86_390)
        assert self.code(world) is None
        world.control("clock", advance_seconds=20)
        assert self.code(world) == 131047

    def test_window_is_of_one_number_and_one_person(self, world):
        world.emit(kind="message", **{"from": "31687654321"}, text="hoi")
        assert self.code(world) == 131047

    def test_reaction_opens_no_window(self, world, writes):
        writes("\U0001f44d", type="reaction", reply_to="wamid.x")
        assert self.code(world) == 131047

    def test_template_needs_no_window(self, world):
        world.configure(window="sync")
        assert world.send(type="template", template={"name": "hello_world", "language": {"code": "en_US"}}).ok

    def test_window_may_be_switched_off(self, world):
        world.configure(window="off")
        assert world.send(**TEXT).ok

    def test_demo_people_may_have_written_before(self, world):
        world.control("windows", windows=[{"wa_id": JAN}])
        assert self.code(world) is None


def test_settings_and_windows_outlive_the_process(tmp_path):
    first = WhatsAppSimulator(memory=tmp_path / "whatsapp.json")
    client = first.app.test_client()
    client.put(
        "/__sim/config",
        json={"app_secret": "kept", "numbers": [{"phone_number_id": "1", "display_phone_number": "2", "waba_id": "3"}]},
    )
    client.post("/__sim/windows", json={"windows": [{"wa_id": JAN}]})
    first.close()
    second = WhatsAppSimulator(memory=tmp_path / "whatsapp.json")
    assert second.settings.app_secret == "kept"
    assert second.settings.numbers[0].waba_id == "3"
    assert second.store.window_is_open("1", JAN)
    second.close()


def test_chats_are_listed_with_their_last_message(world):
    world.emit(kind="message", **{"from": JAN, "name": "Jan"}, text="een")
    world.emit(kind="message", **{"from": JAN}, text="twee")
    (chat,) = world.control("chats", "GET")["chats"]
    assert (chat["wa_id"], chat["name"], chat["count"], chat["last"]["text"]) == (JAN, "Jan", 2, "twee")
    assert json.dumps(chat)

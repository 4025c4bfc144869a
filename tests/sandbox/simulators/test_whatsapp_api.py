"""The simulated WhatsApp refuses what the real one refuses."""

from __future__ import annotations

import json

import pytest
import requests

from tests.sandbox.simulators.whatsapp_world import JAN, NUMBER_ID, PATIENCE_SECONDS, WABA_ID, World

PIXEL = ("x.png", b"\x89PNG", "image/png")
TEXT = {"type": "text", "text": {"body": "hoi"}}


def code_of(answer: requests.Response) -> int:
    assert not answer.ok, answer.text
    error = answer.json()["error"]
    assert set(error) >= {"message", "type", "code", "error_data", "fbtrace_id"}
    return error["code"]


def interactive(kind: str, **action: object) -> dict[str, object]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": "Kies"}, "action": action}}


def buttons(*titles: str) -> dict[str, object]:
    return interactive("button", buttons=[{"type": "reply", "reply": {"id": title, "title": title}} for title in titles])


def rows(count: int, **changes: object) -> dict[str, object]:
    made = [{"id": str(number), "title": f"Rij {number}", **changes} for number in range(count)]
    return interactive("list", button="Kies", sections=[{"title": "s", "rows": made}])


class TestTheDoor:
    def test_call_without_a_token_is_refused(self, world):
        answer = world.call("GET", NUMBER_ID, token="")
        assert (code_of(answer), answer.status_code) == (190, 401)

    def test_call_with_another_token_is_refused(self, world):
        assert code_of(world.call("GET", NUMBER_ID, token="mallory")) == 190

    def test_expired_token_is_refused(self, world):
        world.configure(token_is_expired=True)
        assert code_of(world.call("GET", NUMBER_ID)) == 190

    @pytest.mark.parametrize("version", ["v18.0", "v20.0", "v99.0", "me"])
    def test_version_that_has_ended_is_refused(self, world, version):
        headers = {"Authorization": "Bearer simulated-access-token"}
        assert code_of(requests.get(f"{world.url}/{version}/{NUMBER_ID}", headers=headers, timeout=PATIENCE_SECONDS)) == 2635

    def test_unknown_path_is_an_error_in_the_providers_form(self, world):
        assert code_of(world.call("GET", f"{NUMBER_ID}/unheard_of")) == 2500

    @pytest.mark.parametrize("path", ["999/messages", "999/media", "999/register"])
    def test_number_of_somebody_else_does_not_exist(self, world, path):
        assert code_of(world.call("POST", path, json={})) == 100

    def test_number_tells_about_itself(self, world):
        assert world.call("GET", NUMBER_ID).json()["quality_rating"] == "GREEN"
        assert world.call("GET", f"{WABA_ID}/phone_numbers").json()["data"][0]["id"] == NUMBER_ID

    def test_number_is_registered_with_a_pin_of_six_digits(self, world):
        assert world.call("POST", f"{NUMBER_ID}/register", json={"messaging_product": "whatsapp", "pin": "123456"}).ok
        assert code_of(world.call("POST", f"{NUMBER_ID}/register", json={"pin": "1"})) == 100

    def test_people_can_be_blocked_and_released(self, world):
        order = {"messaging_product": "whatsapp", "block_users": [{"user": JAN}]}
        for method, left in (("POST", [{"wa_id": JAN}]), ("DELETE", [])):
            assert world.call(method, f"{NUMBER_ID}/block_users", json=order).ok
            assert world.call("GET", f"{NUMBER_ID}/block_users").json()["data"] == left

    def test_app_can_be_unsubscribed_and_subscribed(self, world):
        for method, count in (("DELETE", 0), ("POST", 1)):
            assert world.call(method, f"{WABA_ID}/subscribed_apps").ok
            assert len(world.call("GET", f"{WABA_ID}/subscribed_apps").json()["data"]) == count


class TestMessages:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"messaging_product": "sms"}, 100),
            ({"messaging_product": None}, 100),
            ({"to": None}, 131008),
            ({"to": "0612345678"}, 131009),
            ({"to": "een nummer"}, 131009),
            ({"to": "31201234567"}, 131021),
            ({"to": None, "recipient": "jan"}, 131009),
            ({"biz_opaque_callback_data": "x" * 513}, 131009),
            ({"context": {}}, 131009),
            ({"type": "telegram"}, 100),
            ({"type": ["text"]}, 100),
            ({"text": "hoi"}, 131008),
            ({"text": {}}, 131008),
            ({"text": {"body": ""}}, 131008),
            ({"text": {"body": "x" * 4097}}, 100),
            ({"type": "image", "image": {}}, 131008),
            ({"type": "image", "image": {"id": "404"}}, 100),
            ({"type": "image", "image": {"id": "1", "link": "https://x"}}, 131008),
            ({"type": "image", "image": {"link": "https://x", "caption": "x" * 1025}}, 100),
            ({"type": "audio", "audio": {"link": "https://x", "caption": "x"}}, 100),
            ({"type": "image", "image": {"link": "https://x", "filename": "x"}}, 100),
            ({"type": "location", "location": {"latitude": 1}}, 131008),
            ({"type": "location", "location": {"latitude": 91, "longitude": 1}}, 131009),
            ({"type": "contacts", "contacts": []}, 131008),
            ({"type": "contacts", "contacts": [{"name": {}}]}, 131008),
            ({"type": "reaction", "reaction": {"emoji": "x"}}, 131008),
            (buttons(), 131009),
            (buttons("a", "b", "c", "d"), 131009),
            (buttons("a", "a"), 131009),
            (buttons("x" * 21), 131009),
            (rows(11), 131009),
            (rows(1, title="x" * 25), 131009),
            (rows(1, description="x" * 73), 131009),
            (rows(1, id=""), 131008),
            (interactive("cta_url", parameters={"display_text": "x" * 21, "url": "https://x"}), 131009),
            (interactive("unheard_of"), 131009),
        ],
        ids=str,
    )
    def test_what_the_provider_does_not_take_is_refused_with_its_code(self, world, changes, code):
        assert code_of(world.send(**{**TEXT, **changes})) == code
        assert world.ledger()["accepted"] == []

    @pytest.mark.parametrize(
        "payload",
        [
            TEXT,
            {"type": "image", "image": {"link": "https://example.nl/x.png", "caption": "x"}},
            {"type": "location", "location": {"latitude": 52.1, "longitude": "5.1"}},
            {"type": "contacts", "contacts": [{"name": {"formatted_name": "Jan"}}]},
            {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": ""}},
            buttons("Ja", "Nee"),
            rows(10),
            interactive("cta_url", parameters={"display_text": "Open", "url": "https://example.nl"}),
            interactive("request_contact_info", name="request_contact_info"),
            {"type": "template", "template": {"name": "hello_world", "language": {"code": "en_US"}}},
        ],
        ids=str,
    )
    def test_every_type_is_taken_when_it_is_right(self, world, payload):
        answer = world.send(**payload).json()
        assert answer["messages"][0]["id"].startswith("wamid.")
        assert ("message_status" in answer["messages"][0]) == (payload["type"] == "template")
        assert answer["contacts"] == [{"input": JAN, "wa_id": JAN}]

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
    def test_body_that_is_not_sent_as_json_is_refused(self, world, content_type):
        answer = world.call("POST", f"{NUMBER_ID}/messages", data=json.dumps(TEXT), headers={"Content-Type": content_type})
        assert code_of(answer) == 100

    def test_number_with_plus_and_spaces_is_understood(self, world):
        assert world.send(**TEXT, to="+31 6 1234 5678").json()["contacts"][0]["wa_id"] == JAN

    def test_test_number_reaches_only_its_recipients(self, world):
        world.configure(test_recipients=["31600000000"])
        assert code_of(world.send(**TEXT)) == 131030

    def test_pair_limit_gives_way_with_time(self, world):
        world.control("clock", stop=True)
        world.configure(pair_burst=2)
        assert [world.send(**TEXT).ok for _ in range(3)] == [True, True, False]
        world.control("clock", advance_seconds=6)
        assert [world.send(**TEXT).ok for _ in range(2)] == [True, False]
        assert code_of(world.send(**TEXT)) == 131056

    def test_throughput_is_limited_per_second(self, world):
        world.control("clock", stop=True)
        world.configure(throughput_per_second=1)
        world.send(**TEXT)
        assert code_of(world.send(**TEXT, to="31687654321")) == 130429

    def test_marking_as_read_shows_on_the_customers_phone(self, world):
        wamid = world.emit(kind="message", **{"from": JAN}, text="hoi")["ids"][0]
        world.settle()
        assert world.phone()[0]["ticks"] == "delivered"
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        assert world.call("POST", f"{NUMBER_ID}/messages", json=read).json() == {"success": True}
        assert world.phone()[0]["ticks"] == "read"

    @pytest.mark.parametrize("message_id", [None, "wamid.unknown"])
    def test_only_received_messages_can_be_marked_as_read(self, world, message_id):
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
        assert code_of(world.call("POST", f"{NUMBER_ID}/messages", json=read)) == 131009


class TestFiles:
    def upload(self, world: World, file: tuple[str, bytes, str] = PIXEL, **fields: str) -> requests.Response:
        data = {"messaging_product": "whatsapp", "type": file[2], **fields}
        return world.call("POST", f"{NUMBER_ID}/media", data=data, files={"file": file})

    def content(self, url: str, token: str = "simulated-access-token") -> requests.Response:
        return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE_SECONDS)

    def test_uploaded_file_comes_back_whole(self, world):
        info = world.call("GET", self.upload(world).json()["id"]).json()
        assert (info["mime_type"], info["file_size"]) == ("image/png", 4)
        assert self.content(info["url"]).content == PIXEL[1]

    def test_file_needs_the_token(self, world):
        info = world.call("GET", self.upload(world).json()["id"]).json()
        assert self.content(info["url"], token="mallory").status_code == 401

    def test_address_lives_five_minutes(self, world):
        world.control("clock", stop=True)
        info = world.call("GET", self.upload(world).json()["id"]).json()
        world.control("clock", advance_seconds=299)
        assert self.content(info["url"]).ok
        world.control("clock", advance_seconds=2)
        assert self.content(info["url"]).status_code == 404
        assert self.content(world.call("GET", info["id"]).json()["url"]).ok

    def test_uploaded_file_lives_thirty_days(self, world):
        file_id = self.upload(world).json()["id"]
        world.control("clock", advance_seconds=29 * 86400)
        assert world.call("GET", file_id).ok
        world.control("clock", advance_seconds=2 * 86400)
        assert code_of(world.call("GET", file_id)) == 100

    def test_deleted_file_is_gone(self, world):
        file_id = self.upload(world).json()["id"]
        assert world.call("DELETE", file_id).json() == {"success": True}
        assert code_of(world.call("GET", file_id)) == 100

    def test_file_of_another_number_is_not_shown(self, world):
        file_id = self.upload(world).json()["id"]
        assert code_of(world.call("GET", file_id, params={"phone_number_id": "999"})) == 100

    @pytest.mark.parametrize(
        ("content_type", "size", "code"),
        [
            ("application/x-msdownload", 1, 100),
            ("image/heic", 1, 100),
            ("image/png", 0, 131053),
            ("image/png", 5 * 1024 * 1024 + 1, 131053),
            ("image/webp", 500 * 1024 + 1, 131053),
            ("audio/ogg; codecs=opus", 16 * 1024 * 1024 + 1, 131053),
        ],
    )
    def test_file_the_provider_does_not_take_is_refused(self, world, content_type, size, code):
        assert code_of(self.upload(world, ("x", bytes(size), content_type))) == code

    def test_upload_must_name_the_product(self, world):
        assert code_of(self.upload(world, messaging_product="sms")) == 100

    def test_upload_without_a_file_is_refused(self, world):
        assert code_of(world.call("POST", f"{NUMBER_ID}/media", data={"messaging_product": "whatsapp"})) == 100

    def test_file_sent_as_another_kind_fails_afterwards(self, world):
        world.emit(kind="message", **{"from": JAN}, text="hoi")
        file_id = self.upload(world, ("x.pdf", b"%PDF", "application/pdf")).json()["id"]
        assert world.send(type="image", image={"id": file_id}).ok
        world.settle()
        assert world.phone()[-1]["error"]["code"] == 131053

    def with_head(self, world: World, **image: str) -> requests.Response:
        head = {"type": "header", "parameters": [{"type": "image", "image": image}]}
        body = {"type": "body", "parameters": [{"type": "text", "text": "Jan"}]}
        template = {"name": "foto_offerte", "language": {"code": "nl"}, "components": [head, body]}
        return world.send(type="template", template=template)

    def test_file_at_the_head_of_a_template_is_one_that_was_uploaded(self, world):
        file_id = self.upload(world).json()["id"]
        assert self.with_head(world, id=file_id).ok
        assert code_of(self.with_head(world, id="123")) == 100
        assert code_of(self.with_head(world, id=file_id, caption="x")) == 100
        assert code_of(self.with_head(world, id=file_id, link="https://example.nl/x.png")) == 131008
        world.control("clock", advance_seconds=31 * 86_400)
        assert code_of(self.with_head(world, id=file_id)) == 100

    def test_file_at_the_head_of_another_type_fails_afterwards(self, world):
        file_id = self.upload(world, ("x.pdf", b"%PDF", "application/pdf")).json()["id"]
        assert self.with_head(world, id=file_id).ok
        world.settle()
        assert world.phone()[-1]["error"]["code"] == 131053


class TestTemplates:
    def create(self, world: World, **changes: object) -> requests.Response:
        made = {
            "name": "bevestiging",
            "language": "nl",
            "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Beste {{1}}, we komen op uw adres langs."}],
        }
        return world.call("POST", f"{WABA_ID}/message_templates", json={**made, **changes})

    def test_template_is_made_found_and_deleted(self, world):
        assert self.create(world).json()["status"] == "APPROVED"
        found = world.call("GET", f"{WABA_ID}/message_templates", params={"name": "bevestiging"}).json()["data"]
        assert [template["language"] for template in found] == ["nl"]
        assert world.call("DELETE", f"{WABA_ID}/message_templates", params={"name": "bevestiging"}).ok
        assert code_of(world.call("DELETE", f"{WABA_ID}/message_templates", params={"name": "bevestiging"})) == 100

    def test_review_may_keep_it_pending(self, world):
        world.configure(template_review="PENDING")
        assert self.create(world).json()["status"] == "PENDING"
        assert code_of(world.send(type="template", template={"name": "bevestiging", "language": {"code": "nl"}})) == 132001

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"name": "Grote Letters"}, 100),
            ({"category": "SPAM"}, 100),
            ({"language": ""}, 100),
            ({"name": "afspraak_bevestiging"}, 100),
            ({"components": []}, 2388040),
            ({"components": [{"type": "BODY", "text": "x" * 1025}]}, 2388040),
            ({"components": [{"type": "BODY", "text": "{{1}} is de naam"}]}, 2388299),
            ({"components": [{"type": "BODY", "text": "de naam is {{1}}"}]}, 2388299),
            ({"components": [{"type": "BODY", "text": "een {{1}} {{2}} twee drie vier vijf zes zeven"}]}, 2388293),
            ({"components": [{"type": "BODY", "text": "gewone tekst"}, {"type": "FOOTER", "text": "x" * 61}]}, 2388073),
            (
                {
                    "components": [
                        {"type": "BODY", "text": "x y"},
                        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "x"}] * 3},
                    ]
                },
                2388019,
            ),
        ],
        ids=str,
    )
    def test_template_against_the_rules_is_refused(self, world, changes, code):
        assert code_of(self.create(world, **changes)) == code

    def test_list_is_paged_with_a_cursor(self, world):
        first = world.call("GET", f"{WABA_ID}/message_templates", params={"limit": 3}).json()
        assert len(first["data"]) == 3
        assert "after=3" in first["paging"]["next"]
        last = world.call("GET", f"{WABA_ID}/message_templates", params={"limit": 100, "after": 3}).json()
        assert "next" not in last["paging"]
        assert code_of(world.call("GET", "999/message_templates")) == 100

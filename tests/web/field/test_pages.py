"""A technician sees the visits that are theirs and their conversations, and reports from any browser, scripts or not."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import uuid
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
import zxingcpp
from PIL import Image, ImageOps
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.domain.accounts.models import Role
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.field.checklists import set_checklist
from app.domain.field.handlers import nameplates_among, read_nameplate
from app.domain.field.models import FieldFile, Outcome
from app.domain.field.steps import VisitStep
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import TemplateCategory
from app.domain.reply_templates.visit_texts import install_visit_texts
from tests.domain.field.conftest import PNG, Round
from tests.factories import make_message, make_user
from tests.support.signing_in import csrf_token, sign_in


def action(day: Round, kind: str = "note", **more: Any) -> dict[str, Any]:
    """As the outbox of a phone sends it."""
    usual = {"id": str(uuid.uuid4()), "device_id": str(uuid.uuid4()), "visit_id": str(day.visit.id), "kind": kind}
    return {**usual, "body": {"text": "Klaar"}, "occurred_at": day.now.isoformat(), **more}


def send(day: Round, *actions: dict[str, Any], user: object = None) -> TestResponse:
    headers = {"X-CSRFToken": csrf_token(day.client.plain)}
    said = {"user_id": str(user or day.tim.id), "actions": list(actions)}
    return day.client.post("/field/actions", json=said, headers=headers)


def put(day: Round, file_id: uuid.UUID, content: bytes, *, digest: bytes | None = None) -> TestResponse:
    told = base64.b64encode(digest or hashlib.sha256(content).digest()).decode()
    headers = {
        "X-CSRFToken": csrf_token(day.client.plain),
        "X-Field-User": str(day.tim.id),
        "Content-Digest": f"sha-256=:{told}:",
    }
    return day.client.open("PUT", f"/field/uploads/{file_id}", data=content, headers=headers)


def form(day: Round, kind: str, **fields: Any) -> TestResponse:
    return day.post(f"/visits/{day.visit.id}/actions", kind=kind, id=uuid.uuid4(), **fields)


def test_today_has_the_next_visit_with_the_ways_to_it_and_the_visit_its_conversation(day: Round) -> None:
    text = day.get("/today")
    assert "Pieter van Dam" in text
    assert "destination=Kerkstraat%2012%2C%20Utrecht" in text
    assert "tel:+31612345678" in text
    assert "On my way" in text
    page = day.get(f"/visits/{day.visit.id}")
    assert "Tot zo" in page
    assert "1 × Wallbox 11kW" in page


def test_what_the_end_of_a_visit_still_needs_is_named_beside_its_button(day: Round) -> None:
    def needed() -> list[str]:
        return re.findall(r'data-lack="(\w+)"', day.get(f"/visits/{day.visit.id}"))

    set_checklist(day.session, brand_id=day.brand.id, order_type="", items=["Aarde gemeten"], now=day.now, actor=SYSTEM)
    day.session.commit()
    assert needed() == ["photo", "checklist", "signature"]
    day.take(day.new("photo", body={"label": "after"}, file_id=day.file()))
    day.take(day.new("checklist", body={"item": "Aarde gemeten", "answer": "na"}))
    day.session.commit()
    assert needed() == ["signature"]


def test_nobody_sees_the_visit_or_the_pictures_of_somebody_else(day: Round) -> None:
    day.take(day.new("photo", body={"label": "before"}, file_id=(kept := day.file())))
    day.session.commit()
    assert day.client.get(f"/visits/{day.visit.id}/files/{kept}").data == PNG
    for other in (day.carla, day.mallory):
        day.as_user(other)
        assert "Pieter" not in day.get("/today")
        for path in ("", "/report", f"/files/{kept}"):
            assert day.client.get(f"/visits/{day.visit.id}{path}").status_code == 404
        assert form(day, "note", text="Hoi").status_code == 404
        assert str(day.visit.id) not in day.client.get("/field/pack").text


def test_steps_photos_and_messages_work_as_plain_forms(day: Round) -> None:
    assert form(day, "step", to="arrived").status_code == 303
    assert form(day, "photo", label="before", file=(io.BytesIO(PNG), "x.png")).status_code == 303
    assert form(day, "message", text="Ik sta voor de deur").status_code == 303
    page = day.get(f"/visits/{day.visit.id}")
    assert "Start work" in page
    assert "Ik sta voor de deur" in page
    assert day.step_now() == VisitStep.ARRIVED
    assert day.session.execute(sa.select(FieldFile.sha256)).scalar_one() == hashlib.sha256(PNG).hexdigest()


def test_what_a_plain_form_lacks_is_said(day: Round) -> None:
    for kind, fields, words in (
        ("meter", {"when": "before", "value": "veel"}, "Enter the meter reading in digits"),
        ("photo", {"label": "before"}, "Take or choose a picture"),
        ("note", {"text": " "}, "Write something first"),
        ("step", {"to": "aborted"}, "Enter a reason."),
    ):
        answer = form(day, kind, **fields)
        assert answer.status_code == 422
        assert words in answer.text
    assert [row.outcome for row in day.ledger()] == [Outcome.REFUSED]


def test_the_order_shows_what_was_put_right_and_a_meter_that_runs_back(day: Round) -> None:
    form(day, "serial", text="ACE041287")
    form(day, "serial", text="ACE0412873", corrects=day.ledger()[0].id)
    for when, value in (("before", "48213,4"), ("after", "213.4")):
        form(day, "meter", when=when, value=value)
    pages = [f"/appointments/{day.visit.id}/report", f"/orders/{day.visit.order_id}/visits"]
    for page in (*pages, f"/visits/{day.visit.id}"):
        text = day.get(page)
        assert "ACE0412873" in text
        assert "213.4 kWh" in text
        assert "The meter reading after the work is lower than the one before the work." in text
    assert all("Corrected, was ACE041287" in re.sub("<[^>]+>", "", day.get(page)) for page in pages)
    assert form(day, "serial", text="X", corrects="nothing").status_code == 422


def test_an_outbox_that_lost_its_answers_is_told_the_same_again(day: Round) -> None:
    actions = [action(day, "step", body={"to": to}) for to in ("on_the_way", "arrived")]
    actions[1]["after"] = actions[0]["id"]
    assert [one["outcome"] for one in send(day, *actions).json["answers"]] == ["applied", "applied"]
    assert [one["outcome"] for one in send(day, *actions).json["answers"]] == ["already", "already"]
    headers = {"X-CSRFToken": csrf_token(day.client.plain)}
    known = day.client.post("/field/actions/known", json={"ids": [actions[0]["id"], str(uuid.uuid4())]}, headers=headers)
    assert known.json == {"outcomes": {actions[0]["id"]: "applied"}}
    assert len(day.ledger()) == 2


def test_one_that_cannot_be_read_stops_none_of_the_others(day: Round) -> None:
    answers = send(day, action(day, "meter", body={"when": "before", "value": "x"}), action(day)).json["answers"]
    assert [one["outcome"] for one in answers] == ["refused", "applied"]
    assert answers[0]["details"] == {"field": "value"}
    assert send(day, {"id": "nothing"}).json["answers"][0]["outcome"] == "refused"


def test_nothing_is_sent_under_another_person(day: Round) -> None:
    day.as_user(day.carla)
    answer = send(day, action(day), user=day.tim.id)
    assert (answer.status_code, answer.json["code"]) == (409, "other_user")
    assert put(day, uuid.uuid4(), PNG).json["code"] == "other_user"
    assert day.ledger() == []


def test_bytes_that_got_lost_on_the_way_are_not_kept_and_the_same_again_is_the_same(day: Round) -> None:
    file_id = uuid.uuid4()
    assert put(day, file_id, b"").json["code"] == "empty_body"
    assert put(day, file_id, PNG[:20], digest=hashlib.sha256(PNG).digest()).json["code"] == "bad_digest"
    assert [put(day, file_id, PNG).status_code for _ in range(2)] == [200, 200]
    assert put(day, file_id, PNG + b"x").status_code == 409
    assert (
        send(day, action(day, "photo", body={"label": "after"}, file_id=str(file_id))).json["answers"][0]["outcome"] == "applied"
    )
    assert day.client.get(f"/visits/{day.visit.id}/files/{file_id}").data == PNG


def test_an_action_can_be_thrown_away_before_it_arrives(day: Round) -> None:
    note, headers = action(day), {"X-CSRFToken": csrf_token(day.client.plain)}
    away = day.client.post(f"/field/actions/{note['id']}/discarding", json={"device_id": note["device_id"]}, headers=headers)
    assert away.json["outcome"] == "discarded"
    assert send(day, note).json["answers"][0]["outcome"] == "discarded"


def test_a_phone_keeps_today_and_fetches_it_anew_when_it_changed(day: Round) -> None:
    answer = day.client.get("/field/pack")
    pack = answer.json
    assert (pack["user_id"], answer.headers["X-Field-User"]) == (str(day.tim.id), str(day.tim.id))
    assert f"/visits/{day.visit.id}" in pack["pages"]
    for path in pack["pages"]:
        kept = day.client.get(path)
        assert (kept.status_code, kept.headers["X-Field-User"]) == (200, str(day.tim.id))
    for path in pack["assets"]:
        assert day.client.plain.get(path).status_code == 200, path
    assert "pages" not in day.client.get(f"/field/pack?have={pack['pack']}").json
    day.take(day.step("arrived"))
    day.session.commit()
    stepped = day.client.get("/field/pack").json["pack"]
    assert stepped != pack["pack"]
    make_message(day.session, day.thread, "Nog iets", at=utc_now())
    day.session.commit()
    assert day.client.get("/field/pack").json["pack"] != stepped


def test_a_lost_phone_is_closed_on_the_page_of_its_owner_and_no_other(day: Round) -> None:
    phones = {user.name: sign_in(day.app.test_client(), day.session, user) for user in (day.tim, day.carla)}
    assert [phone.get("/field/pack").status_code for phone in phones.values()] == [200, 200]
    day.as_user(make_user(day.session, "Root", role=Role.ADMIN))
    office = f"/settings/people/{day.tim.id}"
    assert f'action="{office}/sessions/ending"' in day.get(office)
    assert day.post(f"{office}/sessions/ending").status_code == 303
    assert "it deletes the visits stored on it" in day.get(office)
    gone = phones["Tim"].get("/field/pack")
    assert (gone.status_code, gone.json) == (401, {"code": "wipe"})
    assert phones["Tim"].get("/today").status_code in (302, 303)
    assert phones["Tim"].get(f"/visits/{day.visit.id}").status_code in (302, 303)
    assert phones["Carla"].get("/field/pack").status_code == 200


def test_phones_keep_no_pages_where_the_operator_says_so(day: Round, monkeypatch: pytest.MonkeyPatch) -> None:
    assert day.client.get("/field/pack").json["keeps"] is True
    monkeypatch.setitem(day.app.config, "SETTINGS", replace(day.app.config["SETTINGS"], field_offline=False))
    assert day.client.get("/field/pack").json["keeps"] is False


def test_each_phone_has_a_key_of_its_own_for_each_person(day: Round) -> None:
    def key(device: str) -> str:
        answer = day.client.get("/field/pack", headers={"X-Field-Device": device})
        assert answer.headers["Cache-Control"] == "no-store"
        return str(answer.json["key"])

    one, other = str(uuid.uuid4()), str(uuid.uuid4())
    mine = key(one)
    assert len(base64.b64decode(mine)) == 32
    assert (key(one) == mine, key(other) == mine) == (True, False)
    assert "key" not in day.client.get("/field/pack").json
    assert "key" not in day.client.get("/field/pack", headers={"X-Field-Device": "x"}).json
    day.as_user(day.carla)
    assert key(one) != mine


def test_texts_for_one_tap_are_templates_in_the_language_of_the_customer(day: Round) -> None:
    assert "data-quick" not in day.get(f"/visits/{day.visit.id}")
    with day.app.app_context():
        install_visit_texts(day.session, now=day.now)
        install_visit_texts(day.session, now=day.now)
    day.session.get_one(Contact, day.visit.contact_id).language = "fr"
    day.session.commit()
    page = day.get(f"/visits/{day.visit.id}")
    assert "Ici Tim, votre technicien. Je suis devant la porte." in page
    assert page.partition("data-quick")[2].partition("</div>")[0].count("<button") == 4
    hole = TemplateContent("Leeg", TemplateCategory.FOLLOW_UP, "fr", "Tot {{contact.organization}}", for_visits=True)
    other = TemplateContent("Zonder vinkje", TemplateCategory.FOLLOW_UP, "fr", "Alleen voor het kantoor")
    with day.app.app_context():
        for content in (hole, other):
            create_template(day.session, content, now=day.now)
    day.session.commit()
    again = day.get(f"/visits/{day.visit.id}")
    assert "Tot " not in again.partition("data-quick")[2].partition("</form>")[0]
    assert "Alleen voor het kantoor" not in again


def test_a_code_read_from_the_photo_of_a_nameplate_is_kept_with_one_tap(day: Round) -> None:
    drawn = zxingcpp.create_barcode("ACE0412873", zxingcpp.BarcodeFormat.Code128)
    kept, small = io.BytesIO(), Image.fromarray(zxingcpp.write_barcode_to_image(drawn, scale=3))
    ImageOps.expand(small, 40, fill=255).save(kept, "JPEG")
    before = day.client.get("/field/pack").json["pack"]
    day.take(day.new("photo", body={"label": "nameplate"}, file_id=day.file(kept.getvalue())))
    day.take(day.new("photo", body={"label": "nameplate"}, file_id=day.file()))  # nothing to be read on it
    day.session.commit()
    events = day.session.execute(sa.select(Event).where(Event.type == "VisitReported")).scalars().all()
    with day.app.app_context():
        for event in nameplates_among(day.session, events):
            read_nameplate(event)
    page = day.get(f"/visits/{day.visit.id}")
    assert "Save ACE0412873" in page
    assert day.client.get("/field/pack").json["pack"] != before
    assert form(day, "serial", text="ACE0412873").status_code == 303
    assert "Save ACE0412873" not in day.get(f"/visits/{day.visit.id}")


def test_the_app_has_a_name_icons_and_a_worker_that_anybody_may_read(day: Round) -> None:
    manifest = json.loads(day.client.get("/manifest.webmanifest").text)
    assert (manifest["start_url"], manifest["display"]) == ("/today", "standalone")
    for icon in manifest["icons"]:
        assert day.client.plain.get(icon["src"]).status_code == 200
    assert "X-Field-User" in day.client.get("/sw.js").text


def test_a_file_under_the_name_of_other_content_is_not_kept_for_a_year(day: Round) -> None:
    right = day.client.get("/field/pack").json["assets"][0]
    assert "immutable" in day.client.plain.get(right).headers["Cache-Control"]
    wrong = right.partition("?")[0] + "?v=0123456789ab"
    assert day.client.plain.get(wrong).headers["Cache-Control"] == "no-store"


def test_the_report_has_what_was_done_with_the_signature(day: Round) -> None:
    day.take(day.step("arrived"))
    day.take(day.new("meter", body={"when": "after", "value": "48213.9"}))
    day.take(day.new("serial", body={"text": "ACE0412873"}))
    day.take(day.new("signature", body={"name": "P. van Dam", "strokes": "10,10 20,20;30,30 40,40", "statement": "Klaar."}))
    day.session.commit()
    text = day.get(f"/visits/{day.visit.id}/report")
    for words in ("48213.9", "ACE0412873", "P. van Dam", 'points="30,30 40,40"', "Arrived"):
        assert words in text

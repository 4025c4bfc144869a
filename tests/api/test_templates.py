"""Templates: written by leads, read by those of their brands, with the names of the documents."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.accounts.models import Role
from app.domain.reply_templates.models import ReplyTemplateVersion
from tests.api.conftest import Caller, World, make_token
from tests.api.test_lists import everything
from tests.factories import make_user

BODY = {
    "template_name": "Bevestiging",
    "template_category": "installation_scheduling",
    "channel_type": "email_outlook",
    "subject_template": "Uw afspraak",
    "message_template": "Beste {{contact.first_name|klant}}, tot {{date.today}}.\r\nGroet",
    "business_entity": "chargecars",
}


@pytest.fixture
def leila(client: FlaskClient, db_session: Session, world: World) -> Caller:
    return Caller(client, make_token(db_session, make_user(db_session, "Leila", role=Role.LEAD, brands=(world.brand,))))


def fault(answer: Any) -> str:
    assert answer.status_code == 422, answer.text
    return str(answer.json["errors"][0]["field"])


def test_a_lead_adds_a_template_in_the_words_of_the_documents(leila: Caller, alice: Caller, world: World) -> None:
    made = leila.post("/templates", BODY)
    assert made.status_code == 201, made.text
    assert made.json is not None
    assert made.json["message_template"] == "Beste {{contact.first_name|klant}}, tot {{date.today}}.\nGroet"
    assert made.json["variables"] == ["contact.first_name", "date.today"]
    assert (made.json["channel_type"], made.json["media"]) == ("email_outlook", ["email"])
    assert (made.json["business_entity"], made.json["brands"]) == ("chargecars", ["chargecars"])
    assert (made.json["is_active"], made.json["usage_count"], made.json["language"]) == (True, 0, "nl")
    shown = alice.get(f"/templates/{made.json['id']}")
    assert (shown.json, shown.headers["ETag"]) == (made.json, made.headers["ETag"])


def test_for_several_or_for_all(leila: Caller, world: World) -> None:
    everywhere = {"channel_type": "any", "business_entity": "all"}
    made = leila.post("/templates", {**BODY, **everywhere}).json
    assert made is not None
    assert (made["channel_type"], made["media"], made["business_entity"], made["brands"]) == ("any", [], "all", [])
    two = leila.patch(f"/templates/{made['id']}", {"media": ["email", "sms"], "brands": ["chargecars"]}).json
    assert two is not None
    assert (two["channel_type"], two["media"], two["business_entity"]) == (None, ["email", "sms"], "chargecars")


def test_a_change_is_a_new_version_and_an_equal_one_is_none(leila: Caller, world: World, db_session: Session) -> None:
    path = f"/templates/{world.template.id}"
    first = leila.get(path)
    assert leila.patch(path, {"template_name": "Afspraak"}).headers["ETag"] == first.headers["ETag"]
    changed = leila.put(path, {"message_template": "Tot morgen"}, headers={"If-Match": first.headers["ETag"]})
    assert changed.json is not None
    assert (changed.json["message_template"], changed.json["version"]) == ("Tot morgen", 2)
    assert changed.json["template_name"] == "Afspraak"
    assert leila.patch(path, {"language": "en"}, headers={"If-Match": first.headers["ETag"]}).status_code == 412
    kept = db_session.get_one(ReplyTemplateVersion, (world.template.id, 1))
    assert kept.content["text"] != "Tot morgen"


def test_an_archived_one_is_inactive_and_comes_back(leila: Caller, world: World) -> None:
    path = f"/templates/{world.template.id}"
    assert leila.patch(path, {"is_active": False}).json["is_active"] is False  # type: ignore[index]
    assert everything(leila, "/templates", is_active="true") == []
    assert [t["id"] for t in everything(leila, "/templates", is_active="false")] == [str(world.template.id)]
    assert leila.patch(path, {"is_active": True}).json["is_active"] is True  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"message_template": "Beste {{contact.shoe_size}}"}, "message_template"),
        ({"subject_template": "Beste {{"}, "subject_template"),
        ({"message_template": " "}, "message_template"),
        ({"template_name": "x" * 121}, "template_name"),
        ({"template_category": "nothing"}, "template_category"),
        ({"business_entity": "laderthuis"}, "business_entity"),
        ({"brands": ["chargecars"]}, "brands"),
        ({"media": ["email"]}, "media"),
        ({"usage_count": 3}, "usage_count"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_by_its_field(leila: Caller, world: World, change: dict[str, Any], field: str) -> None:
    assert fault(leila.post("/templates", {**BODY, **change})) == field


def test_agents_read_and_write_nothing(alice: Caller, world: World) -> None:
    assert alice.get(f"/templates/{world.template.id}").status_code == 200
    assert alice.post("/templates", BODY).status_code == 403
    assert alice.patch(f"/templates/{world.template.id}", {"template_name": "Mine"}).status_code == 403


def test_a_stranger_sees_and_changes_nothing(mallory: Caller, leila: Caller, world: World) -> None:
    assert [t["id"] for t in everything(mallory, "/templates")] == [str(world.other_template.id)]
    assert everything(mallory, "/templates", brand="chargecars") == []
    for answer in (mallory.get(f"/templates/{world.template.id}"), leila.patch(f"/templates/{world.other_template.id}", {})):
        assert answer.status_code == 404


def test_templates_are_filtered_by_what_they_are_for(leila: Caller, world: World) -> None:
    anywhere = leila.post("/templates", {**BODY, "channel_type": "any", "business_entity": "all", "language": "en"}).json
    assert anywhere is not None
    both = {anywhere["id"], str(world.template.id)}
    assert {t["id"] for t in everything(leila, "/templates", medium="email", brand="chargecars")} == both
    assert [t["id"] for t in everything(leila, "/templates", medium="sms")] == [anywhere["id"]]
    assert [t["id"] for t in everything(leila, "/templates", language="en")] == [anywhere["id"]]
    assert [t["id"] for t in everything(leila, "/templates", template_category="follow_up")] == [str(world.template.id)]


HTML = "<p>Beste <strong>{{contact.first_name|klant}}</strong></p><script>x()</script>"


def test_html_is_cleaned_and_its_plain_version_made(leila: Caller, world: World) -> None:
    body = {name: value for name, value in BODY.items() if name != "message_template"}
    made = leila.post("/templates", {**body, "html_template": HTML})
    assert made.status_code == 201, made.text
    assert made.json is not None
    assert made.json["html_template"] == "<p>Beste <strong>{{contact.first_name|klant}}</strong></p>"
    assert made.json["message_template"] == "Beste {{contact.first_name|klant}}"
    path = f"/templates/{made.json['id']}"
    changed = leila.patch(path, {"html_template": "<p><em>Dag</em></p>"}).json
    assert changed is not None
    assert (changed["message_template"], changed["version"]) == ("Dag", 2)
    own = leila.patch(path, {"message_template": "Kort"}).json
    assert own is not None
    assert (own["message_template"], own["html_template"]) == ("Kort", "<p><em>Dag</em></p>")
    kept = leila.patch(path, {"html_template": "<p><em>Dag hoor</em></p>"}).json
    assert kept is not None
    assert kept["message_template"] == "Kort"
    none = leila.patch(path, {"html_template": ""}).json
    assert none is not None
    assert (none["html_template"], none["message_template"]) == (None, "Kort")


def test_html_of_a_plain_template_leaves_its_text(leila: Caller, world: World) -> None:
    made = leila.post("/templates", BODY).json
    assert made is not None
    both = leila.patch(f"/templates/{made['id']}", {"html_template": HTML}).json
    assert both is not None
    assert both["message_template"] == made["message_template"]


def test_html_or_text_must_be_there_and_variables_known(leila: Caller, world: World) -> None:
    body = {name: value for name, value in BODY.items() if name != "message_template"}
    assert fault(leila.post("/templates", body)) == "message_template"
    assert fault(leila.post("/templates", {**body, "html_template": "<p><img src='x'></p>"})) == "html_template"
    wrong = {**BODY, "html_template": "<p><em>{{contact.nickname}}</em></p>"}
    assert fault(leila.post("/templates", wrong)) == "html_template"

"""The settings pages: everybody reads, leads write, and what is wrong is said where it is."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.reply_templates.actions import edit_template
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.reply_templates.visit_texts import USUAL
from tests.domain.reply_templates.conftest import CONTENT, Desk

PAGE = "/settings/templates"


def test_a_lead_writes_a_template_and_everybody_finds_it(desk: Desk) -> None:
    assert "No templates yet" in desk.client.get(PAGE).text
    assert desk.client.get(f"{PAGE}/new").status_code == 200
    answer = desk.post(PAGE, **desk.fields(media=["email", "whatsapp"], brands=[str(desk.brand.id)]))
    assert answer.status_code == 303
    saved = desk.client.get(answer.location).text
    assert "Version 1" in saved
    desk.as_user(desk.alice)
    listed = desk.client.get(PAGE).text
    assert CONTENT.name in listed
    assert "Email, WhatsApp" in listed
    desk.as_user(desk.moritz)
    assert CONTENT.name not in desk.client.get(PAGE).text
    assert desk.client.get(answer.location).status_code == 404


def test_an_agent_reads_and_cannot_write(desk: Desk) -> None:
    template = desk.make()
    desk.as_user(desk.alice)
    shown = desk.client.get(f"{PAGE}/{template.id}").text
    assert "Only team leads and administrators can change templates." in shown
    assert 'name="text"' not in shown
    assert desk.client.get(f"{PAGE}/new").status_code == 403
    assert desk.post(PAGE, **desk.fields()).status_code == 403
    assert desk.post(f"{PAGE}/{template.id}", **desk.fields(name="x")).status_code == 403
    assert desk.post(f"{PAGE}/{template.id}/archiving").status_code == 403


def test_an_unknown_variable_is_named_with_its_place_and_nothing_typed_is_lost(desk: Desk) -> None:
    answer = desk.post(PAGE, **desk.fields(text="Beste klant,\nuw {{order.colour}} komt"))
    assert answer.status_code == 422
    assert "Line 2, column 4: there is no variable {{order.colour}}." in answer.text
    assert "uw {{order.colour}} komt</textarea>" in answer.text
    assert desk.session.execute(sa.select(sa.func.count()).select_from(ReplyTemplate)).scalar_one() == 0


def test_saving_over_a_newer_version_is_held_and_then_possible(desk: Desk) -> None:
    template = desk.make()
    edit_template(desk.session, template.id, CONTENT.__class__(**{**CONTENT.__dict__, "text": "Van een ander"}), now=utc_now())
    desk.session.commit()
    held = desk.post(f"{PAGE}/{template.id}", **desk.fields(text="Van mij", version="1"))
    assert held.status_code == 409
    assert "A colleague saved a newer version" in held.text
    assert "Van mij</textarea>" in held.text
    assert 'name="version" value="2"' in held.text
    assert desk.post(f"{PAGE}/{template.id}", **desk.fields(text="Van mij", version="2")).status_code == 303


def test_an_earlier_version_is_taken_up_again(desk: Desk) -> None:
    template = desk.make()
    desk.post(f"{PAGE}/{template.id}", **desk.fields(text="Tweede tekst", version="1"))
    assert "Tweede tekst</textarea>" in desk.client.get(f"{PAGE}/{template.id}").text
    assert "de afspraak staat. Groet" in desk.client.get(f"{PAGE}/{template.id}?version=1").text.split("</textarea>")[0]


def test_archiving_and_restoring(desk: Desk) -> None:
    template = desk.make()
    assert desk.post(f"{PAGE}/{template.id}/archiving").status_code == 303
    assert CONTENT.name not in desk.client.get(PAGE).text
    assert CONTENT.name in desk.client.get(f"{PAGE}?archived=1").text
    assert desk.post(f"{PAGE}/{template.id}/restoring").status_code == 303
    assert CONTENT.name in desk.client.get(PAGE).text


def test_the_list_is_searched_and_narrowed_as_a_fragment(desk: Desk) -> None:
    desk.make()
    desk.make(name="Reset", category=TemplateCategory.TECHNICAL_SUPPORT, text="Zet de aardlek om")
    found = desk.client.fragment(f"{PAGE}?q=aardlek&category=technical_support", target="template-list").text
    assert "Reset" in found
    assert CONTENT.name not in found
    assert "<html" not in found
    assert "No template fits" in desk.client.get(f"{PAGE}?q=bestaatniet").text


def test_the_preview_fills_in_an_example_or_a_thread(desk: Desk) -> None:
    example = desk.post(f"{PAGE}/preview", **desk.fields(text="Dag {{contact.first_name}}")).text
    assert "Lotte" in example
    chosen = desk.post(f"{PAGE}/preview", **desk.fields(text="Dag {{contact.first_name}}", thread=f"#{desk.thread.number}")).text
    assert "Pieter" in chosen
    desk.as_user(desk.moritz)
    refused = desk.post(f"{PAGE}/preview", **desk.fields(thread=str(desk.thread.number))).text
    assert "You have no thread with this number" in refused
    assert "Pieter" not in refused


def test_a_preview_shows_text_as_text(desk: Desk) -> None:
    shown = desk.post(
        f"{PAGE}/preview", **desk.fields(text="<b>{{7*7}}</b> {{contact.organization}} {{ user.name|<i>x</i> }}")
    ).text
    assert "&lt;b&gt;" in shown
    assert "⟦7*7⟧" in shown
    assert "<b>" not in shown


def test_without_scripts_the_preview_is_a_button(desk: Desk) -> None:
    shown = desk.post(PAGE, **desk.fields(text="Dag {{contact.first_name}}", preview="1"))
    assert shown.status_code == 200
    assert "Lotte" in shown.text


@pytest.mark.parametrize("path", ["", "?archived=1", "/new"])
def test_pages_cost_few_queries(desk: Desk, path: str) -> None:
    for number in range(12):
        desk.make(name=f"Sjabloon {number}", brand_ids=(desk.brand.id,))
    desk.client.get(PAGE)
    with desk.at_most(6):
        assert desk.client.get(f"{PAGE}{path}").status_code == 200


def test_the_usual_texts_for_visits_come_with_one_click_and_are_the_leads_own_then(desk: Desk) -> None:
    assert "Add the usual templates for visits" in desk.client.get(PAGE).text
    for _ in range(2):
        assert desk.post(f"{PAGE}/visit-texts").status_code == 303
    marked = sa.select(ReplyTemplate).where(ReplyTemplate.for_visits)
    written = desk.session.execute(marked).scalars().all()
    assert {(one.name, one.language) for one in written} == {(name, code) for name in USUAL for code in ("nl", "en", "fr")}
    assert "Add the usual templates for visits" not in desk.client.get(PAGE).text
    one = f"{PAGE}/{written[0].id}"
    desk.post(one, **desk.fields(name="Visit: late", for_visits="y", version="1"))
    desk.post(one, **desk.fields(name="Visit: late", version="2"))
    desk.session.expire_all()
    assert not desk.session.get_one(ReplyTemplate, written[0].id).for_visits
    assert 'name="for_visits" value="y" checked' in desk.client.get(f"{one}?version=2").text

"""Templates: the account's list, the local check, and what the provider says to the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.contract.base import Identity, IdentityKind, OutgoingAttachment, OutgoingMessage, OutgoingTemplate, Party, ProviderError
from app.providers.whatsapp_cloud.templates import template_problems
from tests.sandbox.simulators.whatsapp_world import JAN

TO_JAN = (Party((Identity(IdentityKind.WA_ID, JAN),)),)


def body(*texts: str, **names: str) -> dict[str, Any]:
    named = [{"type": "text", "text": text, "parameter_name": name} for name, text in names.items()]
    return {"type": "body", "parameters": [*({"type": "text", "text": text} for text in texts), *named]}


def header(*values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "header", "parameters": list(values)}


def button(index: int, text: str) -> dict[str, Any]:
    return {"type": "button", "sub_type": "url", "index": str(index), "parameters": [{"type": "text", "text": text}]}


GOOD = [
    OutgoingTemplate("hello_world", "en_US"),
    OutgoingTemplate("afspraak_bevestiging", "nl", [body("Jan", "dinsdag 9:00")]),
    OutgoingTemplate("reactie_gevraagd", "nl", [body(naam="Jan", order="CC-2026-00001")]),
    OutgoingTemplate(
        "monteur_onderweg", "nl", [header({"type": "text", "text": "CC-1"}), body("Piet", "10:00"), button(0, "abc")]
    ),
    OutgoingTemplate(
        "foto_offerte", "nl", [header({"type": "image", "image": {"link": "https://example.nl/x.png"}}), body("Jan")]
    ),
]
# template, what our check says, the code the provider gives the same
BAD = [
    (OutgoingTemplate("afspraak_bevestiging", "nl", [body("Jan")]), "body needs 2 values, 1 are given", "132000"),
    (OutgoingTemplate("afspraak_bevestiging", "nl"), "body needs 2 values, 0 are given", "132000"),
    (OutgoingTemplate("afspraak_bevestiging", "nl", [body("Jan", "a\nb")]), "line break", "132018"),
    (OutgoingTemplate("afspraak_bevestiging", "nl", [body("Jan", "a     b")]), "four spaces", "132018"),
    (OutgoingTemplate("afspraak_bevestiging", "nl", [body("Jan", "")]), "Value 2 of the body is empty", "131008"),
    (OutgoingTemplate("afspraak_bevestiging", "nl", [body("Jan", "x" * 1000)]), "1024 are allowed", "132005"),
    (OutgoingTemplate("hello_world", "en_US", [body("extra")]), "body needs 0 values", "132000"),
    (OutgoingTemplate("reactie_gevraagd", "nl", [body(naam="Jan", nummer="1")]), "values for order", "132012"),
    (OutgoingTemplate("monteur_onderweg", "nl", [body("Piet", "10:00"), button(0, "x")]), "header needs 1 values", "132000"),
    (
        OutgoingTemplate("monteur_onderweg", "nl", [header({"type": "text", "text": "1"}), body("Piet", "10:00")]),
        "Button 1 (Volg monteur) needs a value",
        "131008",
    ),
    (
        OutgoingTemplate(
            "monteur_onderweg", "nl", [header({"type": "text", "text": "1"}), body("P", "10"), button(0, "x"), button(3, "y")]
        ),
        "no button 4",
        "132018",
    ),
    (OutgoingTemplate("foto_offerte", "nl", [body("Jan")]), "header needs one image", "132000"),
    (
        OutgoingTemplate("foto_offerte", "nl", [header({"type": "text", "text": "x"}), body("Jan")]),
        "header needs one image",
        "132012",
    ),
    (OutgoingTemplate("winteractie", "nl"), "is paused at WhatsApp", "132015"),
    (OutgoingTemplate("nog_niet_goedgekeurd", "nl"), "is pending at WhatsApp", "132001"),
]


@pytest.fixture
def definitions(adapter, account):
    return {(found.name, found.language): found for found in adapter.list_templates(account)}


@pytest.fixture
def send(adapter, account):
    def call(template: OutgoingTemplate, *, templates: Any = None, **parts: Any):
        message = OutgoingMessage(reference="r-1", to=TO_JAN, template=template, **parts)
        known = replace(account, settings={**account.settings, "templates": templates})
        return adapter.send(message, account=known, progress={}, save_progress=lambda progress: None)

    return call


def test_list_has_every_page(adapter, account, world):
    for number in range(110):
        components = [{"type": "BODY", "text": "Dit is een gewone tekst."}]
        made = {"name": f"sjabloon_{number}", "language": "nl", "category": "UTILITY", "components": components}
        assert world.call("POST", f"{account.settings['waba_id']}/message_templates", json=made).ok
    names = [found.name for found in adapter.list_templates(account)]
    many = [name for name in names if name.startswith("sjabloon_")]
    assert len(many) == len(set(many)) == 110
    assert "hello_world" in names
    assert names.count("order_status_update") == 3  # one name in three languages


@pytest.mark.parametrize("template", GOOD, ids=lambda template: template.name)
def test_good_template_passes_here_and_at_the_provider_outside_the_window(send, definitions, template, world):
    assert template_problems(template, definitions[template.name, template.language]) == ()
    assert send(template).meta["message_status"] == "accepted"
    assert world.ledger()["accepted"][-1]["type"] == "template"


@pytest.mark.parametrize(("template", "problem", "code"), BAD, ids=lambda value: getattr(value, "name", value))
def test_bad_template_is_named_here_and_refused_by_the_provider(send, definitions, template, problem, code):
    (found,) = template_problems(template, definitions[template.name, template.language])
    assert problem in found
    form_is_wrong = bool(template_problems(template))
    if not form_is_wrong:
        with pytest.raises(ProviderError) as caught:
            send(template)
        assert (caught.value.reason.code, caught.value.permanent) == (code, True)


def test_known_definitions_stop_a_bad_template_before_any_call(send, definitions, world):
    stored = [found.to_json() for found in definitions.values()]
    with pytest.raises(ProviderError) as caught:
        send(BAD[0][0], templates=stored)
    assert "body needs 2 values" in caught.value.reason.detail
    assert world.ledger()["accepted"] == []


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        (OutgoingTemplate("Hello World", "nl"), "lower-case"),
        (OutgoingTemplate("x" * 513, "nl"), "lower-case"),
        (OutgoingTemplate("x", "Dutch"), "language"),
        (OutgoingTemplate("x", "nl", [{"type": "footer"}]), "header, body and button parts only"),
        (OutgoingTemplate("x", "nl", [{"type": "button", "parameters": []}]), "which button"),
    ],
)
def test_form_is_checked_without_a_definition(template, problem):
    assert problem in template_problems(template)[0]


def test_template_missing_in_a_language_is_refused_by_the_provider(send):
    with pytest.raises(ProviderError) as caught:
        send(OutgoingTemplate("hello_world", "nl"))
    assert caught.value.reason.code == "132001"


def test_template_paused_while_a_send_was_queued_is_refused_and_announced(send, world, adapter, account):
    world.emit(kind="template", name="hello_world", language="en_US", status="PAUSED")
    (notice,) = adapter.parse(world.webhook.next().body, account=account).notices
    assert notice.summary == "Template hello_world (en_US) is now PAUSED"
    with pytest.raises(ProviderError) as caught:
        send(OutgoingTemplate("hello_world", "en_US"))
    assert caught.value.reason.code == "132015"


def test_template_with_a_file_beside_it_is_refused(send):
    with pytest.raises(ProviderError) as caught:
        send(GOOD[0], attachments=(OutgoingAttachment("x.png", "image/png", b"x"),))
    assert caught.value.reason.code == "template_alone"


def test_our_own_rendering_of_a_template_is_not_sent(send, world):
    send(GOOD[1], text="Beste Jan, uw afspraak ...")
    assert "text" not in world.ledger()["accepted"][-1]["payload"]

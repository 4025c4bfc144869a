"""What was stored in English, a reason or an error, is shown in the reader's language; what a provider said stays as it is."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.translation import told
from app.domain.delivery.actions import SWITCHED_OFF
from app.mail.bounce_reasons import make_reason
from app.providers.whatsapp_cloud.errors import RULES, rule_for
from app.web.inbox.ledger_words import failure_words


@pytest.mark.parametrize(
    ("language", "stored", "shown"),
    [
        ("nl", "The mailbox is full", "De mailbox is vol"),
        ("fr", "The mailbox is full", "La boîte est pleine"),
        ("en", "The mailbox is full", "The mailbox is full"),
        ("nl", "5.2.2 · The mailbox is full · over quota, code 17", "5.2.2 · De mailbox is vol · over quota, code 17"),
        ("nl", "We will retry automatically", "We proberen het vanzelf opnieuw"),
        ("nl", SWITCHED_OFF % {"name": "Service 50%"}, "Service 50% staat uit: kies een ander kanaal"),
        ("fr", "header list-id", "en-tête list-id"),
        ("nl", "message 7 · has no text body; statuses is not a list", "message 7 · heeft geen tekst; statuses is geen lijst"),
        ("nl", "stopped retrying: the body is not an object", "we proberen het niet meer: de inhoud is geen object"),
        ("en", "It came over a mailing list", "The message came through a mailing list"),
        ("nl", "It was marked as spam.", "Het gesprek is als spam gemarkeerd."),
        ("nl", "550 · The mail server refuses it · no such user", "550 · De mailserver weigert de mail · no such user"),
        ("en", "Create a new key there and save it in the channel", "Create a new key in SendGrid and save it in the channel"),
        ("en", "Mended: The disk is full", "Fixed: The disk is full"),
        ("fr", "We asked them 9 days ago.", "Ce client a déjà reçu une enquête il y a 9 jours."),
        ("nl", "Something Nobody marked. At all", "Something Nobody marked. At all"),
        ("nl", "", ""),
        ("nl", None, ""),
    ],
)
def test_a_stored_text_is_told_in_the_language_of_its_reader(app: Flask, language: str, stored: str | None, shown: str) -> None:
    with app.test_request_context(headers={"Accept-Language": language}):
        assert told(stored) == shown


def test_a_failure_ends_each_sentence_once(app: Flask) -> None:
    reason = vars(make_reason("5.2.2", "552 over quota"))
    with app.test_request_context(headers={"Accept-Language": "nl"}):
        words = failure_words(reason)
    assert words == "De mailbox is vol: 552 over quota. Probeer het later opnieuw, of gebruik een ander kanaal."


@pytest.mark.parametrize("language", ["nl", "fr"])
def test_every_code_of_whatsapp_has_its_words(app: Flask, language: str) -> None:
    rules = [*RULES.values(), *(rule_for(code) for code in (250, 139101, 147003, 2388299, 999999))]
    with app.test_request_context(headers={"Accept-Language": language}):
        english = {text for rule in rules for text in (rule.title, rule.advice) if told(text) == text}
    assert not english

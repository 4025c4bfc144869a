"""What automatic answers say, in three languages, filled in."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.auto_replies.models import AutoReplyKind
from app.domain.auto_replies.texts import DEFAULTS, LANGUAGES, choose_language, deadline_words, fill_in, list_faults, moment_words

AT = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))


@pytest.mark.parametrize("kind", AutoReplyKind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_house_proposes_has_no_fault_and_leaves_no_hole_when_nothing_is_known(
    kind: AutoReplyKind, language: str
) -> None:
    text = DEFAULTS[kind][language]
    assert list_faults(kind, text) == []
    filled = fill_in(text, {"brand.name": "ChargeCars", "opening.at": "maandag"})
    assert "{{" not in filled
    assert "  " not in filled
    assert " ." not in filled
    assert " ," not in filled


def test_faults_are_named() -> None:
    kind = AutoReplyKind.CLOSED
    assert list_faults(kind, "{{order.nummer|}}") == [("unknown", "order.nummer")]
    assert list_faults(kind, "{{contact.first_name}}") == [("no_fallback", "contact.first_name")]
    assert list_faults(kind, "Tot {{opening.at}} {{") == [("stray", "{{")]
    assert list_faults(AutoReplyKind.ORDER_STATUS, "{{opening.at}}") == [("no_fallback", "opening.at")]


def test_a_value_is_text_and_never_read_again() -> None:
    filled = fill_in("Beste {{contact.first_name|klant}}", {"contact.first_name": "{{brand.name}}", "brand.name": "geheim"})
    assert filled == "Beste {{brand.name}}"


def test_moments_are_told_in_the_language_of_the_answer() -> None:
    assert [moment_words(AT, language) for language in LANGUAGES] == [
        "maandag 23 november om 09:00",
        "Monday 23 November at 09:00",
        "lundi 23 novembre à 09:00",
    ]
    assert deadline_words(AT, "en", now=AT.replace(hour=8)) == "today by 09:00"
    assert deadline_words(AT, "fr", now=AT.replace(day=20)) == "au plus tard le lundi 23 novembre à 09:00"


def test_the_language_is_that_of_the_message_else_the_contacts_else_dutch() -> None:
    assert choose_language("Where is it? I have been waiting for the charger", "fr") == "en"
    assert choose_language("ok", "fr") == "fr"
    assert choose_language("ok", "pl") == "nl"

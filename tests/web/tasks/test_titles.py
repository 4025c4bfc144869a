"""What the house put before a task's title is told in the reader's language; what a person wrote stays unchanged."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from app.web.tasks.words import title_words


@pytest.mark.parametrize(
    ("title", "locale", "told"),
    [
        ("Overdue answer: Laadpaal doet niets", "nl", "Antwoord te laat: Laadpaal doet niets"),
        ("Overdue answer: Laadpaal: rood", "fr", "Réponse en retard\u00a0: Laadpaal: rood"),
        ("Overdue resolution: Offerte", "nl", "Oplossing te laat: Offerte"),
        ("Overdue answer: Laadpaal", "en", "Overdue answer: Laadpaal"),
        ("Escalate: the boss", "nl", "Escalate: the boss"),
        ("Nothing", "nl", "Nothing"),
    ],
)
def test_the_heading_is_told_and_the_rest_is_left_alone(app: Flask, title: str, locale: str, told: str) -> None:
    with app.test_request_context(), force_locale(locale):
        assert title_words(title) == told

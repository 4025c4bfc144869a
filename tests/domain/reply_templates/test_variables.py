"""Variables: what is filled in, what is marked, and where a text is wrong."""

from __future__ import annotations

import pytest

from app.domain.reply_templates.language import guess_language
from app.domain.reply_templates.variables import Problem, fill, list_holes, list_problems


def test_values_fallbacks_and_holes_are_told_apart() -> None:
    filled = fill("Dag {{contact.first_name|daar}}, {{ user.name }} van {{brand.name}}", {"user.name": "Sarah"})
    assert filled.text == "Dag daar, Sarah van ⟦brand.name⟧"
    assert [segment.kind for segment in filled.segments] == ["text", "fallback", "text", "value", "text", "missing"]
    assert filled.missing == ("brand.name",)
    assert list_holes(filled.text) == ("brand.name",)


def test_a_value_is_text_and_never_read_again() -> None:
    nasty = "{{user.email}} {{brand.name|x}} {% raise %} \\1 <b>"
    assert fill("Hallo {{contact.name}}!", {"contact.name": nasty, "user.email": "a@b.nl"}).text == f"Hallo {nasty}!"


def test_an_empty_fallback_leaves_nothing() -> None:
    assert fill("Hallo{{contact.name|}}!", {}).text == "Hallo!"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("Beste {{contact.first_name|klant}},", ()),
        ("Beste\n  {{contact.voornaam}}", (Problem("unknown", "contact.voornaam", 2, 3),)),
        ("{{}}", (Problem("unknown", "", 1, 1),)),
        ("Beste {{contact.name", (Problem("stray", "{{", 1, 7),)),
        ("Beste }} en {{x|y}}", (Problem("stray", "}}", 1, 7), Problem("unknown", "x", 1, 13))),
        ("een { accolade } mag", ()),
        ("{{contact.name\n}}", (Problem("stray", "{{", 1, 1), Problem("stray", "}}", 2, 1))),
    ],
)
def test_problems_name_their_place(text: str, problems: tuple[Problem, ...]) -> None:
    assert list_problems(text) == problems


def test_a_hole_is_only_the_mark_of_a_variable() -> None:
    assert list_holes("⟦iets anders⟧ is gewoon tekst") == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("De laadpaal doet het niet, kunt u mij bellen? Ik heb het al geprobeerd", "nl"),
        ("Hi, could you please tell me when the team is coming to us?", "en"),
        ("Bonjour, je ne sais pas si vous avez reçu mon message", "fr"),
        ("OK", None),
    ],
)
def test_a_language_is_guessed_from_its_small_words(text: str, language: str | None) -> None:
    assert guess_language(text) == language

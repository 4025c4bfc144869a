"""What opens for a technician because a visit is theirs stays shut for a colleague, on every page and by the API."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.web.accounts.audiences import IN, Entry
from tests.web.accounts.every_url import TABLE
from tests.web.accounts.field_urls import THEO_ALONE
from tests.web.accounts.narrow_roles import THROUGH_VISIT, expected_of
from tests.web.accounts.test_every_url import World, call, fits
from tests.web.accounts.test_every_url import built as built
from tests.web.accounts.test_every_url import connection as connection

OPEN_TO_THEO = [entry for entry in TABLE if expected_of(entry, "theo") == IN]
BY_TOKEN = [entry for entry in TABLE if entry.audience.nobody == 401 and entry.rule.startswith("/api")]
WORDS = ("Pieter van Dam", "Laadpaal", "hallo", "pieter@example.nl")


def is_about_a_visit(entry: Entry) -> bool:
    return entry.audience is THEO_ALONE or entry.rule in THROUGH_VISIT


def test_nothing_of_a_colleagues_visit_opens_or_shows(app: Flask, built: World) -> None:
    hidden = [*WORDS, *(str(built.ids[name]) for name in ("thread_id", "message_id", "appointment_id", "contact_id", "file_id"))]
    wrong, seen = {}, 0
    for entry in OPEN_TO_THEO:
        answer = call(app, built, entry, "tess")
        expected = 404 if is_about_a_visit(entry) else IN
        if not fits(answer, expected):
            wrong[f"{entry.method} {entry.rule}"] = f"{answer.status_code} instead of {expected}"
        shown = [word for word in hidden if word.encode() in answer.data and word not in answer.request.path]
        if shown and entry.audience.nobody != IN:
            wrong[f"{entry.method} {entry.rule}"] = f"shows {shown}"
        seen += is_about_a_visit(entry)
    assert not wrong
    assert seen > 20


def test_theo_himself_sees_what_the_others_do_not(app: Flask, built: World) -> None:
    """Else the words above would be looked for in vain."""
    opened = {entry.rule: call(app, built, entry, "theo").data for entry in OPEN_TO_THEO if entry.method == "GET"}
    shown = {rule for rule, content in opened.items() if any(word.encode() in content for word in WORDS)}
    assert {"/visits/<uuid:appointment_id>", "/threads/<uuid:thread_id>"} <= shown


@pytest.mark.parametrize("name", ["theo", "tess"])
def test_a_technicians_token_opens_no_operation_of_the_api(app: Flask, built: World, name: str) -> None:
    wrong = {}
    for entry in BY_TOKEN:
        answer = call(app, built, entry, name)
        if answer.status_code not in (401, 403):  # 401: a partner's door, which wants a partner's key
            wrong[f"{entry.method} {entry.rule}"] = answer.status_code
    assert not wrong
    assert len(BY_TOKEN) > 60

"""`brands …` and `teams …`."""

from __future__ import annotations

import json

import pytest
from sqlalchemy.orm import Session

from tests.factories import make_user
from tests.process.cli.conftest import Run


def test_a_brand_is_made_changed_archived_and_restored(run: Run) -> None:
    words = ("--language", "fr", "--language", "nl", "--country", "BE", "--timezone", "Europe/Brussels", "--colour", "2")
    made = json.loads(run("brands", "create", "Charge Cars", *words, "--json").output)
    assert (made["key"], made["order_prefix"], made["languages"]) == ("charge-cars", "CC", ["fr", "nl"])
    changed = json.loads(run("brands", "change", "charge-cars", "--name", "ChargeCars", "--order-prefix", "CHC", "--json").output)
    assert (changed["key"], changed["name"], changed["order_prefix"]) == ("charge-cars", "ChargeCars", "CHC")
    assert (changed["country"], changed["timezone"], changed["hue"]) == ("BE", "Europe/Brussels", 2)
    assert run("brands", "archive", "charge-cars").output == "charge-cars  ChargeCars  CHC  archived\n"
    assert run("brands", "restore", "charge-cars").exit_code == 0
    assert run("brands", "list").output == "charge-cars  ChargeCars  CHC\n"


def test_the_money_of_a_brand_is_shown_and_set(run: Run) -> None:
    run("brands", "create", "Vert", "--country", "CA", "--timezone", "America/Toronto")
    assert run("brands", "money", "vert").output == "vert  CAD  qc  prices without tax\n"
    assert run("brands", "money", "vert", "--with-tax").output == "vert  CAD  qc  prices with tax\n"
    assert run("brands", "money", "vert").output == "vert  CAD  qc  prices with tax\n"
    wrong = run("brands", "money", "vert", "--tax-code", "ca_5")
    assert (wrong.exit_code, wrong.output) == (1, "Error: tax_code: see `brands money --help` for what it may be\n")


def test_a_team_is_made_changed_archived_and_restored(run: Run, db_session: Session) -> None:
    make_user(db_session)
    db_session.commit()
    assert (
        run("teams", "create", "Service", "--member", "alice@switchyard.example").output == "Service  alice@switchyard.example\n"
    )
    assert run("teams", "change", "service", "--name", "Desk").output == "Desk  alice@switchyard.example\n"
    assert run("teams", "archive", "Desk").output == "Desk  archived\n"
    assert run("teams", "restore", "Desk").output == "Desk\n"
    assert json.loads(run("teams", "list", "--json").output)[0]["members"] == []


@pytest.mark.parametrize(
    "words, told",
    [
        (("brands", "create", "ONE"), "name: Another brand has this name."),
        (("brands", "create", "Two", "--order-prefix", "x"), "order_prefix: Use 2 to 8 capital letters"),
        (("brands", "change", "nope", "--name", "X"), "there is no brand 'nope'; there are one"),
        (("teams", "create", "team"), "Another team has this name."),
        (("teams", "create", "Other", "--member", "x@example.nl"), "nobody has the address x@example.nl"),
        (("teams", "archive", "nope"), "there is no team 'nope'"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(run: Run, words: tuple[str, ...], told: str) -> None:
    run("brands", "create", "One")
    run("teams", "create", "Team")
    result = run(*words)
    assert result.exit_code != 0
    assert told in result.output

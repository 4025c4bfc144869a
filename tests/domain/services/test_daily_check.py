"""What is called besides the channels is looked after like them: asked once a day, and its failing and mending told once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import current_app

from app.contract.health import Health
from app.contract.service import Service
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.domain.connections.daily_check import FROM_HOUR
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.integrations.actions import switch_integration
from app.domain.services.daily_check import check_service, is_due, watch_services
from app.domain.services.models import ServiceCheck
from app.domain.services.queries import list_checks, list_failing
from app.process.health.jobs import watch_system
from tests.domain.services.conftest import Desk
from tests.support.providers import OUTSIDE

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
AN_HOUR_LATER = timedelta(hours=1, seconds=1)
SPOILT = {
    "fillout": ("down", "Fillout rejected this API key."),
    "make": ("down", "The webhook in Make is missing: switch its scenario on, or enter its new address."),
    "teams": ("down", "There is no workflow at this address any more (404)."),
    "pdok": ("degraded", "No usable response: the register answered 503"),
    "mail": ("degraded", "The mail server asks us to try again later (421)."),
}


def found(desk: Desk, name: str) -> ServiceCheck:
    return list_checks(desk.session)[desk.key(name)]


def tellings(desk: Desk) -> list[str]:
    watch_system()
    query = sa.select(Event.payload["text"].astext).where(Event.type == "SystemTroubleTold").order_by(Event.occurred_at)
    return [text for text in desk.session.execute(query).scalars() if "service" in text]


def test_everything_that_is_called_is_asked_and_works(desk: Desk) -> None:
    watch_services()
    checks = list_checks(desk.session)
    assert {key: check.health for key, check in checks.items()} == {desk.key(name): "ok" for name in SPOILT}
    assert not list_failing(desk.session, now=utc_now() + AN_HOUR_LATER)
    assert OUTSIDE.request("GET", f"{desk.urls['notices']}/__sim/cards").json()["cards"] == [], "a check is no card to people"
    assert OUTSIDE.request("GET", f"{desk.urls['make']}/__sim/taken").json()["taken"] == [], "nor does it start a scenario"


@pytest.mark.parametrize("name", SPOILT)
def test_one_that_fails_is_found_and_found_again_when_it_works(desk: Desk, name: str) -> None:
    watch_services()
    desk.set(name, broken=True)
    if name in ("fillout", "mail", "pdok"):  # nothing was called in between: its day comes
        desk.session.execute(sa.update(ServiceCheck).values(checked_at=utc_now() - timedelta(days=1)))
        desk.session.commit()
    watch_services(now=utc_now().replace(hour=FROM_HOUR))
    health, words = SPOILT[name]
    check = found(desk, name)
    assert (check.health, check.detail) == (health, words)
    failing = [one.key for one in list_failing(desk.session, now=utc_now())]
    assert failing == ([desk.key(name)] if health == "down" else []), "what passes by itself is given an hour"
    assert [one.key for one in list_failing(desk.session, now=utc_now() + AN_HOUR_LATER)] == [desk.key(name)]
    desk.set(name, broken=False)
    watch_services()
    assert (found(desk, name).health, found(desk, name).failing_since) == ("ok", None)


def test_administrators_are_told_once_when_it_begins_and_once_when_it_is_mended(desk: Desk) -> None:
    desk.set("fillout", broken=True)
    for _again in range(2):
        watch_services()
        begun = tellings(desk)
    assert begun == ["The service Intake does not work: Fillout rejected this API key."]
    desk.set("fillout", broken=False)
    for _again in range(2):
        watch_services()
        told = tellings(desk)
    assert told == [*begun, f"Fixed: {begun[0]}"]


def test_a_command_asks_them_all_and_says_which_fails(desk: Desk) -> None:
    asked = current_app.test_cli_runner().invoke(args=["services", "check"])
    assert (asked.exit_code, asked.output.count(" ok ")) == (0, len(SPOILT)), asked.output
    desk.set("pdok", broken=True)
    asked = current_app.test_cli_runner().invoke(args=["services", "check", "--json"])
    failing = [one for one in json.loads(asked.output) if one["result"] != "ok"]
    assert (asked.exit_code, [one["name"] for one in failing]) == (1, ["PDOK"])


def test_what_is_switched_off_is_not_looked_after(desk: Desk) -> None:
    desk.set("fillout", broken=True)
    watch_services()
    switch_integration(desk.session, desk.form, active=False, now=utc_now(), actor=SYSTEM)
    desk.session.commit()
    watch_services()
    assert desk.key("fillout") not in list_checks(desk.session)


@pytest.mark.parametrize(
    ("health", "age", "suspect", "hour", "due"),
    [
        ("ok", 0, False, 12, False),
        ("ok", 1, False, 12, True),
        ("ok", 1, False, 4, False),  # before people come to work, and not at midnight
        ("ok", 0, True, 12, True),
        ("degraded", 0, False, 4, True),
        ("down", 0, False, 4, True),
        (None, 0, False, 4, True),
    ],
)
def test_when_a_service_is_asked(health: str | None, age: int, suspect: bool, hour: int, due: bool) -> None:
    now = NOON.replace(hour=hour)
    check = None
    if health is not None:
        check = ServiceCheck(key="k", health=health, checked_at=now - timedelta(days=age))
    service = Service("k", "n", "k", "/", "a", lambda: Health(True, ""), suspect)
    assert is_due(service, check, now=now) is due


def test_one_that_was_down_is_not_better_because_it_is_silent(desk: Desk) -> None:
    answers = iter([Health(False, "refused"), Health(False, "silent", passes=True), Health(True, "")])
    service = Service("k", "n", "k", "/", "a", lambda: next(answers))
    states = []
    for _ask in range(3):
        check_service(service, now=utc_now())
        states.append(list_checks(desk.session)["k"].health)
    assert states == ["down", "down", "ok"]


def test_credentials_that_cannot_be_opened_are_no_crash(desk: Desk) -> None:
    def ask() -> Health:
        raise UnableToDecrypt("no key")

    health = check_service(Service("k", "n", "k", "/", "a", ask), now=utc_now())
    assert not health.ok
    assert "cannot read the stored credentials" in health.detail

"""The pages of rules: writing one, looking what it would do, switching it on, reading its log."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.domain.automation.models import AutomationRule
from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import Priority
from tests.domain.automation.conftest import Desk
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

RULE = {
    "name": "Storing",
    "trigger": "MessageReceived",
    "match": "all",
    "what_1": "words:has",
    "than_1": "knippert",
    "what_2": "channel:is",
    "priority": "high",
    "task_title": "Monteur bellen",
    "task_days": "1",
    "call_kind_1": "make",
    "call_target_1": "storingen",
}


@dataclass
class Office:
    client: PageClient
    desk: Desk

    def post(self, path: str, **fields: object) -> TestResponse:
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)})

    def rule(self) -> AutomationRule:
        self.desk.session.expire_all()
        return self.desk.session.execute(sa.select(AutomationRule)).scalar_one()


@pytest.fixture
def office(desk: Desk, app: Flask, page_client: PageClient) -> Office:
    sign_in(page_client.plain, desk.session, desk.leila)
    return Office(page_client, desk)


def test_a_rule_is_written_looked_at_switched_on_and_read_about(office: Office) -> None:
    desk = office.desk
    desk.message()
    fields = {
        **RULE,
        "than_2": desk.channel.name,
        "also_what_1": "priority:at_least",
        "also_than_1": "urgent",
        "also_note": "Haast",
    }
    answer = office.post("/settings/automation", **fields)
    rule = office.rule()
    assert (answer.status_code, answer.location, rule.is_on) == (303, f"/settings/automation/{rule.id}/dry-run", False)
    assert rule.parts[0]["conditions"][1] == {"field": "channel", "op": "is", "value": str(desk.channel.id)}
    shown = office.client.get(answer.location or "").text
    assert "1 thread would change" in shown
    assert "Priority: Normal → High · a task · Scenario in Make" in shown
    office.post(f"/settings/automation/{rule.id}/switch", on="1", past="1")
    desk.react()
    assert desk.now_of().priority == Priority.HIGH
    log = office.client.get(f"/settings/automation/{rule.id}/log").text
    assert "Priority: Normal → High · a task · Scenario in Make" in log
    assert "Nothing would change" in office.client.get(f"/settings/automation/{rule.id}/dry-run").text
    thread = office.client.get(f"/threads/{desk.thread.id}").text
    assert "The rule Storing set the priority to high" in thread
    assert "The rule Storing tried to notify Scenario in Make “storingen”: not sent, because" in thread
    assert 'value="sync"' not in office.client.get(f"/settings/automation/{rule.id}").text, "nothing takes such a step"
    listed = office.client.get("/settings/automation").text
    assert "1 run" in listed
    assert "Subject or text contains “knippert”" in listed


def test_a_rule_that_says_something_else_is_off_again(office: Office) -> None:
    rule = office.desk.rule(MacroSteps(add_tags=("a",)))
    form = office.client.get(f"/settings/automation/{rule.id}").text
    assert 'value="a"' in form
    office.post(
        f"/settings/automation/{rule.id}", **{**RULE, "than_2": office.desk.channel.name, "trigger": "clock", "at_time": "08:30"}
    )
    changed = office.rule()
    assert (changed.is_on, changed.trigger, changed.at_minute) == (False, "clock", 510)
    assert "Every day at 08:30" in office.client.get("/settings/automation").text
    office.post(f"/settings/automation/{rule.id}/deletion")
    assert "No rules yet" in office.client.get("/settings/automation").text


@pytest.mark.parametrize(
    ("fields", "where", "complaint"),
    [
        ({"name": ""}, "name", "Enter a name."),
        ({"trigger": "x"}, "trigger", "Choose one from the list."),
        ({"trigger": "silent", "after_hours": "0"}, "after_hours", "Enter the number of hours: a whole number from 1 to 1440."),
        ({"trigger": "clock", "at_time": "25:00"}, "at_time", "Enter a time like 08:30."),
        ({"than_2": "Nergens"}, "than_2", "Unknown value “Nergens”."),
        ({"than_1": ""}, "than_1", "Enter a value."),
        ({"what_1": "words:is"}, "what_1", "Choose what this condition compares."),
        (
            {"assignee": "me"},
            "assignee",
            "A rule runs automatically, so there is no “person who runs it”: choose a person by name.",
        ),
        ({"task_days": "soon"}, "task_days", "Enter a whole number from 0 to 365."),
        (
            {"call_target_1": ""},
            "call_target_1",
            "Enter the name of the webhook, scenario, team or template, in at most 500 characters.",
        ),
        ({"call_kind_1": "webhook"}, "call_target_1", "There is no webhook “storingen” that receives the event rule.called"),
        ({"call_kind_1": "teams"}, "call_target_1", "No team “storingen” has an address for Microsoft Teams cards."),
        ({"call_words_1": "Kijk"}, "call_words_1", "Leave this empty: only Teams cards and WhatsApp templates have text."),
        ({"also_what_1": "tag:has", "also_than_1": "a"}, "also_team", "Choose at least one step."),
        (
            {"priority": "", "task_title": "", "task_days": "", "call_kind_1": "", "call_target_1": ""},
            "team",
            "Choose at least one step.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_field(office: Office, fields: dict[str, str], where: str, complaint: str) -> None:
    answer = office.post("/settings/automation", **{**RULE, "than_2": office.desk.channel.name, **fields})
    assert answer.status_code == 422
    assert complaint in answer.text
    assert f"#field-{where}" in answer.text


def test_rules_are_asked_in_the_order_people_give_them(office: Office) -> None:
    office.desk.rule(MacroSteps(add_tags=("a",)), name="Eerst")
    second = office.desk.rule(MacroSteps(add_tags=("b",)), name="Tweede")
    office.post(f"/settings/automation/{second.id}/up")
    listed = office.client.get("/settings/automation").text
    assert listed.index("Tweede") < listed.index("Eerst")


def test_a_ready_made_rule_is_looked_at_or_switched_on_with_one_click(office: Office) -> None:
    listed = office.client.get("/settings/automation").text
    assert all(name in listed for name in ("Order confirmation by email", "Order status by WhatsApp"))
    looked = office.post("/settings/automation/ready-made/order_confirmation").location or ""
    shown = office.client.get(looked).text
    assert all(words in shown for words in ("Saved. The rule is off", "send the template “Order confirmation”", "Switch on"))
    office.post(f"{looked.removesuffix('/dry-run')}/switch", on="1")
    office.post("/settings/automation/ready-made/order_status_update", on="1")
    listed = office.client.get("/settings/automation").text
    assert all(words in listed for words in ("WhatsApp template “order_status_update”", "Order status by WhatsApp is on."))
    form = {**RULE, "call_kind_1": "whatsapp_template", "call_target_1": "hello", "call_words_1": "{{order.nummer}}"}
    assert "there is no variable {{order.nummer}}" in office.post("/settings/automation", **form).text
    assert [rule.is_on for rule in office.desk.session.execute(sa.select(AutomationRule)).scalars()] == [True, True]

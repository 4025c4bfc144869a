"""The form of a rule shows the fields that its choices need, and no others."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.demo import ADMIN, signed_in
from tests.browser.looking import Eyes
from tests.support.browsing import Browsing

pytestmark = pytest.mark.browser


def test_a_rule_shows_the_fields_of_its_trigger_and_the_next_condition(admin_eyes: Eyes) -> None:
    page = admin_eyes.page
    page.goto("/settings/automation/new")
    hours, time_of_day = page.get_by_label("Hours since the last message"), page.get_by_label("At what time")
    for trigger, wanted in (("MessageReceived", None), ("silent", hours), ("clock", time_of_day)):
        page.locator("#field-trigger").select_option(trigger)
        for field in (hours, time_of_day):
            expect(field).to_be_visible(visible=field is wanted)
    value, second = page.locator("#field-than_1"), page.locator("#field-what_2")
    expect(value).to_be_hidden()
    expect(second).to_be_hidden()
    page.locator("#field-what_1").select_option(index=1)
    expect(value).to_be_visible()
    expect(second).to_be_visible()
    expect(page.locator("#field-what_3")).to_be_hidden()


def test_a_macro_asks_for_the_name_of_a_call_once_its_kind_is_chosen(admin_eyes: Eyes) -> None:
    page = admin_eyes.page
    page.goto("/settings/macros/new")
    kind, target, words = (page.locator(f"#field-call_{name}_1") for name in ("kind", "target", "words"))
    expect(target).to_be_hidden()
    kind.select_option("webhook")
    expect(target).to_be_visible()
    expect(words).to_be_hidden()
    kind.select_option("teams")
    expect(words).to_be_visible()


def test_what_was_filled_in_for_another_choice_is_seen_with_its_error(demo_browsing: Browsing) -> None:
    demo_browsing.expected_faults.append("422")
    page = signed_in(demo_browsing, ADMIN)
    page.goto("/settings/macros/new")
    kind, target, words = (page.locator(f"#field-call_{name}_1") for name in ("kind", "target", "words"))
    page.locator("#field-name").fill("Warehouse")
    kind.select_option("teams")
    target.fill("Warehouse")
    words.fill("Hello")
    for other, shown in (("webhook", words), ("", target)):
        kind.select_option(other)
        with page.expect_navigation():
            page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator("#error-summary")).to_be_visible()
        expect(shown).to_be_visible()

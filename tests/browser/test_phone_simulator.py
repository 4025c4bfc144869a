"""Texts and calls in a real browser: the customer on one page, an agent on the other."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import signed_in, trouble
from tests.browser.looking import Eyes
from tests.support.browsing import Browsing, assert_accessible, wait_until_bound

pytestmark = pytest.mark.browser


@pytest.fixture
def customer(demo_browsing: Browsing) -> Page:
    page = signed_in(demo_browsing)
    page.goto("/simulator/phone")
    trouble(page, "calm")
    return page


@pytest.fixture
def agent(demo_browsing: Browsing) -> Page:
    return signed_in(demo_browsing)


def write(customer: Page, text: str) -> None:
    customer.locator("#text-text").fill(text)
    customer.locator("#text-send").click()
    expect(customer.locator("#text-text")).to_have_value("")


def open_thread(agent: Page, question: str) -> None:
    agent.locator("a[data-row]", has_text=question).click()
    expect(agent.locator("#timeline")).to_contain_text(question)
    wait_until_bound(agent)


def test_a_text_is_counted_made_plainer_sent_and_its_state_comes_back(customer: Page, agent: Page) -> None:
    write(customer, "Komt u vandaag nog?")
    open_thread(agent, "Komt u vandaag nog?")
    parts, alphabet = agent.locator("[data-sms=parts]"), agent.locator("[data-sms=encoding]")
    agent.locator("#composer-text").fill("Ja, om vier uur")
    expect(alphabet).to_have_text("GSM-7")
    expect(parts).to_have_text("1")
    agent.locator("#composer-text").fill("“Ja”, om vier uur… " * 5)
    expect(alphabet).to_have_text("UCS-2")
    expect(parts).to_have_text("2")
    expect(agent.locator("[data-sms=misfits]")).to_have_text("“ ” …")
    assert_accessible(agent)
    agent.locator("[data-sms-plainer]").first.click()
    expect(agent.locator(".sms__said")).to_contain_text("Replaced: “ with")
    expect(agent.locator("[data-sms=encoding]")).to_have_text("GSM-7")
    agent.locator("#composer-text").fill("Ja, om vier uur")
    agent.locator("[data-send]").click()
    expect(customer.locator("#texts")).to_contain_text("Ja, om vier uur")
    ours = agent.locator(".message--outgoing", has_text="Ja, om vier uur")
    expect(ours.locator(".message__state")).to_contain_text("Delivered")


def test_a_text_whose_answer_was_lost_goes_out_once(customer: Page, agent: Page) -> None:
    write(customer, "Bent u onderweg?")
    trouble(customer, "lose_answer")
    open_thread(agent, "Bent u onderweg?")
    agent.locator("#composer-text").fill("We zijn er over een kwartier")
    agent.locator("[data-send]").click()
    ours = agent.locator(".message--outgoing", has_text="We zijn er over een kwartier")
    expect(ours.locator(".message__state")).to_contain_text("Delivered")
    expect(customer.locator("#texts .chat__bubble", has_text="We zijn er over een kwartier")).to_have_count(1)


@pytest.mark.full
def test_a_missed_call_is_a_task_until_somebody_is_reached(customer: Page, agent: Page) -> None:
    write(customer, "Ik bel u zo even")
    open_thread(agent, "Ik bel u zo even")
    customer.locator("#call-outcome").select_option("missed")
    with customer.expect_navigation():
        customer.locator("#call-place").click()
    expect(agent.locator(".message--call")).to_contain_text("Incoming call, missed")
    expect(agent.locator("#thread-tasks")).to_contain_text("terugbellen")
    assert_accessible(agent)
    customer.locator("#call-outcome").select_option("answered")
    with customer.expect_navigation():
        customer.locator("#call-place").click()
    expect(agent.locator(".message--call", has_text="1 min 35 s")).to_have_count(1)


def test_somebody_who_says_stop_cannot_be_sent_a_text(customer: Page, agent: Page) -> None:
    write(customer, "Laatste vraag van mij")
    open_thread(agent, "Laatste vraag van mij")
    write(customer, "STOP")
    expect(agent.locator("#timeline")).to_contain_text("opted out of texts")
    agent.reload()
    expect(agent.locator("#sms-stopped")).to_contain_text("by sending START")
    expect(agent.locator("[data-send]")).to_be_disabled()
    assert_accessible(agent)
    write(customer, "START")
    expect(agent.locator("#timeline")).to_contain_text("accepts texts again")


@pytest.mark.full
def test_a_thread_of_texts_is_accessible_and_fits_wide_and_narrow(customer: Page, agent: Page, admin_eyes: Eyes) -> None:
    write(customer, "Past dit op een telefoon?")
    open_thread(agent, "Past dit op een telefoon?")
    agent.locator("#composer-text").fill("“Ja”, dat past… " * 9)
    expect(agent.locator("[data-draft-status]")).to_have_text("Draft saved")
    assert admin_eyes.look_at(urlsplit(agent.url).path) == []
    assert admin_eyes.look_at("/inbox/sms") == []

"""The Simulator page in a real browser: a newcomer plays the customer, an agent answers in a second page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import signed_in, trouble
from tests.support.browsing import Browsing

pytestmark = pytest.mark.browser


@pytest.fixture
def customer(demo_browsing: Browsing) -> Page:
    page = signed_in(demo_browsing)
    page.goto("/simulator")
    trouble(page, "calm")
    return page


@pytest.fixture
def agent(demo_browsing: Browsing) -> Page:
    return signed_in(demo_browsing)


def write_chat(customer: Page, text: str) -> None:
    customer.locator("#chat-text").fill(text)
    customer.locator("#chat-send").click()
    expect(customer.locator("#chat-text")).to_have_value("")


def answer(agent: Page, question: str, text: str) -> None:
    agent.locator("a[data-row]", has_text=question).click()
    expect(agent.locator("#timeline")).to_contain_text(question)
    agent.locator("#composer-text").fill(text)
    agent.locator("[data-send]").click()


def test_a_chat_message_is_answered_and_the_ticks_come_back(customer: Page, agent: Page) -> None:
    agent.evaluate("window.notReloaded = true")
    write_chat(customer, "De paal knippert rood")
    answer(agent, "De paal knippert rood", "We komen om vier uur")
    expect(customer.locator("#phone")).to_contain_text("We komen om vier uur")
    ours = agent.locator(".message--outgoing", has_text="We komen om vier uur")
    expect(ours.locator(".message__state")).to_contain_text("Read")
    assert agent.evaluate("window.notReloaded") is True


@pytest.mark.full
def test_a_failed_answer_says_why_and_can_be_sent_again(customer: Page, agent: Page) -> None:
    write_chat(customer, "Bent u er nog?")
    trouble(customer, "fail")
    answer(agent, "Bent u er nog?", "Jazeker")
    ours = agent.locator(".message--outgoing", has_text="Jazeker")
    expect(ours.locator(".message__state")).to_contain_text("Not sent")
    expect(ours.locator(".message__reason")).not_to_be_empty()
    ours.get_by_role("button", name="Send again").click()
    expect(ours.locator(".message__state")).to_contain_text("Read")


@pytest.mark.full
def test_what_comes_three_times_is_shown_once(customer: Page, agent: Page) -> None:
    trouble(customer, "duplicate")
    write_chat(customer, "Drie keer hetzelfde")
    agent.locator("a[data-row]", has_text="Drie keer hetzelfde").click()
    write_chat(customer, "En daarna iets anders")
    expect(agent.locator("#timeline")).to_contain_text("En daarna iets anders")
    expect(agent.locator("#timeline .message", has_text="Drie keer hetzelfde")).to_have_count(1)


@pytest.mark.full
def test_a_mail_is_answered_and_the_answer_being_typed_to_it_stays(customer: Page, agent: Page) -> None:
    customer.locator("#mail-subject").fill("Vraag over de factuur")
    customer.locator("#mail-text").fill("Klopt het bedrag wel?")
    customer.locator("#mail-send").click()
    answer(agent, "Klopt het bedrag wel?", "Ja, dat klopt")
    mail = customer.locator("[data-mail]", has_text="Vraag over de factuur")
    mail.locator("summary").click()
    expect(mail.locator("pre")).to_contain_text("Ja, dat klopt")
    with customer.expect_response(lambda found: found.request.headers.get("hx-target") == "mailbox"):
        mail.locator("textarea").press_sequentially("Bedankt")
    with customer.expect_response(lambda found: found.request.headers.get("hx-target") == "mailbox"):
        pass
    expect(mail.locator("textarea")).to_have_value("Bedankt")
    mail.get_by_role("button", name="Answer").click()
    expect(agent.locator("#timeline")).to_contain_text("Bedankt")


def write_to_the_webshop(customer: Page, subject: str, text: str) -> None:
    customer.locator("#mail-to").select_option("webshop@ratioshop.example")
    customer.locator("#mail-subject").fill(subject)
    customer.locator("#mail-text").fill(text)
    customer.locator("#mail-send").click()
    expect(customer.locator("#mail-text")).to_have_value("")


def test_a_mailbox_at_an_ordinary_mail_server_works_both_ways(customer: Page, agent: Page) -> None:
    write_to_the_webshop(customer, "Kabel te kort", "Hebt u ook een langere?")
    answer(agent, "Hebt u ook een langere?", "Ja, van acht meter")
    mail = customer.locator("[data-mail]", has_text="Kabel te kort")
    mail.locator("summary").click()
    expect(mail.locator("pre")).to_contain_text("Ja, van acht meter")
    mail.locator("textarea").fill("Graag die dan")
    mail.get_by_role("button", name="Answer").click()
    expect(agent.locator("#timeline")).to_contain_text("Graag die dan")


def test_an_answer_waits_for_a_mail_server_that_is_busy_and_leaves_once(customer: Page, agent: Page) -> None:
    write_to_the_webshop(customer, "Laatste vraag", "Is de winkel open?")
    agent.locator("a[data-row]", has_text="Is de winkel open?").click()
    expect(agent.locator("#timeline")).to_contain_text("Is de winkel open?")
    trouble(customer, "server_busy")
    agent.locator("#composer-text").fill("Tot vijf uur")
    agent.locator("[data-send]").click()
    expect(agent.locator(".message--outgoing", has_text="Tot vijf uur")).to_be_visible()
    trouble(customer, "calm")
    mail = customer.locator("[data-mail]", has_text="Laatste vraag")
    expect(mail).to_have_count(1, timeout=60_000)


def test_mail_through_sendgrid_comes_in_goes_out_and_reports_back(customer: Page, agent: Page) -> None:
    customer.locator("#mail-to").select_option("orders@zaptecshop.example")
    customer.locator("#mail-subject").fill("Bestelling")
    customer.locator("#mail-text").fill("Wanneer komt de paal?")
    customer.locator("#mail-send").click()
    trouble(customer, "reports_twice")
    answer(agent, "Wanneer komt de paal?", "Donderdag tussen acht en tien")
    ours = agent.locator(".message--outgoing", has_text="Donderdag tussen acht en tien")
    expect(ours.locator(".message__state")).to_contain_text("Delivered")
    mail = customer.locator("[data-mail]", has_text="Bestelling")
    mail.locator("summary").click()
    mail.locator("textarea").fill("Dan ben ik thuis")
    mail.get_by_role("button", name="Answer").click()
    expect(agent.locator("#timeline")).to_contain_text("Dan ben ik thuis")

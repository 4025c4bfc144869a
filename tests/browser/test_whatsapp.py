"""WhatsApp as two people use it: reactions, edits, deletions, a quote and buttons, on the phone and in the inbox."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo import signed_in, unfold
from tests.support.browsing import Browsing

pytestmark = pytest.mark.browser
HELLO = "Mijn laadpaal piept"


@pytest.fixture
def customer(demo_browsing: Browsing) -> Page:
    page = signed_in(demo_browsing)
    page.goto("/simulator")
    return page


@pytest.fixture
def agent(demo_browsing: Browsing, customer: Page) -> Page:
    """The agent has the thread of what the customer just wrote open."""
    write(customer, HELLO)
    page = signed_in(demo_browsing)
    page.goto("/inbox/whatsapp")
    page.locator("a[data-row]", has_text=HELLO).click()
    expect(page.locator("#timeline")).to_contain_text(HELLO)
    return page


@pytest.fixture
def newcomer(customer: Page) -> Page:
    """Somebody else than the others of the demo play, who may change what stays."""
    customer.locator("#player-name").fill("Anouk Smit")
    customer.locator("#player-number").fill("31687650098")
    with customer.expect_navigation():
        customer.get_by_role("button", name="Use this customer").click()
    return customer


def write(customer: Page, text: str, how: str = "") -> None:
    customer.locator("#chat-how").select_option(how)
    customer.locator("#chat-text").fill(text)
    customer.locator("#chat-send").click()
    expect(customer.locator("#chat-text")).to_have_value("")


def test_a_message_is_edited_reacted_to_and_deleted(customer: Page, agent: Page) -> None:
    write(customer, "Mijn laadpaal piept hard", "edit")
    theirs = agent.locator("article.message", has_text="Mijn laadpaal piept hard").last
    expect(theirs.locator("details.versions summary")).to_have_text("1 earlier version")
    theirs.hover()
    theirs.locator(".react > summary").click()
    theirs.locator(".react button[value='👍']").click()
    expect(theirs.locator(".message__reactions")).to_contain_text("👍")
    expect(customer.locator(".chat__bubble--mine").last.locator(".chat__reactions")).to_contain_text("👍")
    customer.locator(".chat__bubble--mine").last.locator("button[value=delete]").click()
    gone = agent.locator("article.message--revoked").last
    expect(gone).to_contain_text("Deleted by the customer")
    expect(gone.locator(".message__deleted")).not_to_contain_text("Mijn laadpaal piept hard")
    expect(gone.locator(".message__fold .message__text")).to_have_text("Mijn laadpaal piept hard")


@pytest.mark.full
def test_an_answer_quotes_and_offers_buttons_and_the_tap_comes_back(customer: Page, agent: Page) -> None:
    theirs = agent.locator("article.message", has_text=HELLO).last
    theirs.hover()
    theirs.get_by_role("link", name="Answer this").click()
    expect(agent.locator(".quoting")).to_contain_text(HELLO)
    agent.locator(".choices > summary").click()
    agent.locator("[name=choices_kind]").select_option("buttons")
    expect(agent.locator("[name=row_title_1]")).to_be_hidden()
    agent.locator("[name=button_1]").fill("Morgen")
    agent.locator("[name=button_2]").fill("Vrijdag")
    agent.locator("#composer-text").fill("Wanneer schikt het?")
    agent.locator("[data-send]").click()
    ours = customer.locator(".chat__bubble", has_text="Wanneer schikt het?").last
    expect(ours.locator(".chat__quote")).to_contain_text(HELLO)
    ours.get_by_role("button", name="Morgen").click()
    chosen = agent.locator("article.message", has_text="The customer chose:").last
    expect(chosen).to_contain_text("Morgen")
    expect(chosen.locator(".answered")).to_contain_text("Wanneer schikt het?")


def test_the_phone_reacts_answers_and_moves_and_a_colleague_writes_in_the_app(newcomer: Page, agent: Page) -> None:
    """The forms of the Simulator page that are used most, one after the other in one conversation."""
    agent.locator("#composer-text").fill("We komen dinsdag")
    agent.locator("[data-send]").click()
    bubble = newcomer.locator(".chat__bubble[data-bubble=to_customer]", has_text="We komen dinsdag").last
    ours = agent.locator("article.message", has_text="We komen dinsdag").first
    bubble.locator("button[value=react]").click()
    expect(ours.locator(".message__reactions")).to_contain_text("👍")
    bubble.locator("button[value=unreact]").click()
    expect(ours.locator(".message__reactions")).to_have_count(0)
    write(newcomer, "Dinsdag is goed", "answer")
    theirs = agent.locator("article.message", has_text="Dinsdag is goed").last
    expect(theirs.locator(".answered")).to_contain_text("We komen dinsdag")
    with newcomer.expect_navigation():
        press(newcomer, "echo", text="Ik bel even aan")
    echoed = agent.locator("article.message--outgoing", has_text="Ik bel even aan")
    expect(echoed).to_contain_text("WhatsApp app")
    expect(newcomer.locator("#phone")).to_contain_text("Ik bel even aan")
    with newcomer.expect_navigation():
        press(newcomer, "change_number", number="31687650099")
    expect(newcomer.locator("#player-number")).to_have_value("31687650099")
    write(newcomer, "Dit is mijn nieuwe nummer")
    expect(agent.locator("#timeline")).to_contain_text("Dit is mijn nieuwe nummer")


def press(customer: Page, kind: str, **fields: str) -> None:
    """Fill in a form of "More WhatsApp actions" and send it."""
    form = customer.locator(f"form:has(input[name=kind][value={kind}])").last
    unfold(customer, form)
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button").click()

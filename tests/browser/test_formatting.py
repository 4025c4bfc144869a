"""A formatted mail in a real browser: written and sent; what the simulated mailbox received is what counts."""

from __future__ import annotations

import re
import secrets as random_secrets
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import ANSWER_SECONDS
from tests.browser.demo import signed_in, wait_before_sending
from tests.support.browsing import Browsing, assert_accessible, draft_kept
from tests.support.live import LiveServer

pytestmark = pytest.mark.browser


@pytest.fixture
def customer() -> str:
    """The address of somebody who wrote only for this test."""
    return f"meter.{random_secrets.token_hex(4)}@example.nl"


@pytest.fixture
def agent(demo_browsing: Browsing, demo: LiveServer, customer: str) -> Page:
    """An agent who has the customer's mail open and writes with formatting."""
    order = {"mailbox": "service@chargecars.example", "from": customer, "subject": f"Meter {customer}", "text": "Waar zit hij?"}
    answer = requests.post(f"{demo.graph_sim_url}/__sim/deliver", json=order, timeout=ANSWER_SECONDS)
    assert answer.ok, answer.text
    page = signed_in(demo_browsing)
    page.locator("a[data-row]", has_text=customer).first.click()
    expect(page.locator("#timeline")).to_contain_text("Waar zit hij?")
    page.locator("#composer-text").click()  # one line until it is wanted
    page.locator("[data-rich-toggle]").click()
    expect(page.locator("#composer-rich")).to_be_focused()
    return page


def received(page: Page, demo: LiveServer, customer: str) -> dict[str, Any]:
    """The email as it arrived outside, once the thread says that it left."""
    ours = page.locator(".message--outgoing").last
    expect(ours.locator(".message__state")).to_contain_text(re.compile("Sent|Delivered|Read"))
    mails = requests.get(f"{demo.graph_sim_url}/__sim/outbox", params={"to": customer}, timeout=ANSWER_SECONDS).json()["mails"]
    (mail,) = mails
    return dict(mail)


def test_formatting_is_written_by_keyboard_and_button_kept_and_sent(agent: Page, demo: LiveServer, customer: str) -> None:
    editor = agent.locator("#composer-rich")
    agent.keyboard.type("Hij zit ")
    agent.keyboard.press("Control+b")
    agent.keyboard.type("links")
    expect(agent.locator("[data-rich-command=bold]")).to_have_attribute("aria-pressed", "true")
    agent.keyboard.press("Control+b")
    agent.keyboard.press("Enter")
    agent.keyboard.type("de kast open")
    agent.locator("[data-rich-command=bullets]").click()
    agent.keyboard.press("Enter")
    agent.keyboard.type("het kastje")
    agent.keyboard.press("Control+Shift+ArrowLeft")
    agent.keyboard.press("Control+Shift+K")
    agent.keyboard.type("chargecars.example/kast")
    with draft_kept(agent, "https://chargecars.example/kast"):
        agent.keyboard.press("Enter")
    expect(editor.locator("a")).to_have_attribute("href", "https://chargecars.example/kast")
    assert_accessible(agent)
    agent.reload()
    expect(editor.locator("b, strong")).to_have_text("links")
    agent.keyboard.press("n")
    expect(agent.locator("#composer textarea[name=text]")).to_be_focused()
    agent.keyboard.press("Escape")
    agent.keyboard.press("r")
    expect(editor).to_be_focused()
    agent.keyboard.press("Control+Enter")
    expect(agent.locator(".message--outgoing .message__frame")).to_be_visible()
    mail = received(agent, demo, customer)
    assert "<p>Hij zit <strong>links</strong></p>" in mail["html"]
    assert '<ul><li>de kast open</li><li>het <a href="https://chargecars.example/kast">kastje</a></li></ul>' in mail["html"]
    assert "style=" not in mail["html"]


def test_a_forward_is_written_like_a_reply_found_again_taken_back_and_sent(
    agent: Page, demo_browsing: Browsing, demo: LiveServer, customer: str
) -> None:
    demo_browsing.expected_faults += ["frame-ancestors", "404"]  # the mail is gone while its frame still loads
    engineer, editor = customer.replace("meter", "monteur"), agent.locator("#composer-rich")
    agent.locator(".message__tools a", has_text="Forward").last.focus()
    agent.keyboard.press("Enter")
    expect(agent.locator("#forward-to")).to_be_focused()
    agent.keyboard.type(engineer)
    editor.click()
    agent.keyboard.type("Kun jij ")
    agent.keyboard.press("Control+b")
    with draft_kept(agent, "vandaag"):
        agent.keyboard.type("vandaag")
    assert_accessible(agent)
    agent.reload()
    agent.locator(".composer__tab", has_text="Forward").click()
    expect(editor.locator("b, strong")).to_have_text("vandaag")
    editor.focus()
    wait_before_sending(demo, 20)
    agent.keyboard.press("Control+Enter")
    agent.locator(".toast button", has_text="Undo").click()
    expect(editor.locator("b, strong")).to_have_text("vandaag")
    wait_before_sending(demo, 0)
    agent.locator("[data-send]").click()
    mail = received(agent, demo, engineer)
    assert "<p>Kun jij <strong>vandaag</strong></p>" in mail["html"]
    assert "Waar zit hij?" in mail["html"]


@pytest.mark.full
def test_a_forward_for_later_is_scheduled_taken_back_and_sent_by_keyboard(
    agent: Page, demo_browsing: Browsing, demo: LiveServer, customer: str
) -> None:
    demo_browsing.expected_faults += ["frame-ancestors"]
    engineer = customer.replace("meter", "monteur")
    agent.locator(".message__tools a", has_text="Forward").last.focus()
    agent.keyboard.press("Enter")
    expect(agent.locator("#forward-to")).to_be_focused()
    agent.keyboard.type(engineer)
    agent.locator("[data-rich-toggle]").click()
    agent.locator("#composer-text").fill("Kun jij?")
    agent.locator(".composer__more > summary").focus()
    agent.keyboard.press("Enter")
    assert_accessible(agent)
    choice = agent.get_by_role("button", name=re.compile("Tomorrow morning"))
    choice.focus()
    agent.keyboard.press("Enter")
    promised = agent.get_by_role("region", name="Scheduled forward")
    expect(promised).to_contain_text(f"Forward to {engineer}")
    expect(promised).to_contain_text("Kun jij?")
    assert_accessible(agent)
    promised.get_by_role("button", name="Edit").focus()
    agent.keyboard.press("Enter")
    expect(agent.locator("#composer-text")).to_have_value("Kun jij?")
    expect(agent.locator("#composer-send-at")).to_have_value(re.compile("T08:00$"))
    expect(promised).to_have_count(0)
    agent.locator(".composer__more > summary").click()
    agent.locator("[data-picked]").click()
    promised.get_by_role("button", name="Send now").click()
    mail = received(agent, demo, engineer)
    assert "Kun jij?" in mail["text"]
    assert "Waar zit hij?" in mail["text"]


@pytest.mark.full
def test_a_template_goes_into_a_forward_by_keyboard_plain_or_formatted(agent: Page, customer: str) -> None:
    agent.locator(".message__tools a", has_text="Forward").last.focus()
    agent.keyboard.press("Enter")
    expect(agent.locator("#forward-to")).to_be_focused()
    agent.keyboard.type(customer.replace("meter", "monteur"))
    agent.locator("#composer-rich").click()
    agent.keyboard.press("/")
    agent.keyboard.type("laadpaal knippert")
    expect(agent.locator("[role=option]:visible").first).to_contain_text("Laadpaal knippert rood")
    assert_accessible(agent)
    with draft_kept(agent, "aardlekautomaat"):
        agent.keyboard.press("Enter")
    expect(agent.locator("#composer-rich")).to_contain_text("aardlekautomaat")
    expect(agent.locator("#composer-rich")).to_be_focused()
    expect(agent.locator("#forward-subject")).to_have_value(f"Fwd: Meter {customer}")
    agent.locator("[data-rich-toggle]").click()
    agent.locator("#composer-text").fill("")
    agent.locator(".template-bar__open").click()
    agent.keyboard.type("charger blinks")
    agent.keyboard.press("Enter")
    expect(agent.locator("#composer-text")).to_have_value(re.compile("residual-current"))

"""As a newcomer plays it: the Simulator page in one browser page, the inbox in another, the whole demo running."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page

from app.config import Settings
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.passwords import hash_password
from app.sandbox.demo.commands import PASSWORD, simulated_world
from app.sandbox.demo.connect import connect_simulators
from app.sandbox.demo.load import load_demo
from app.sandbox.demo.people import USERS
from bench.first_page import FirstPage, measure_first_page
from bench.live import FOUND, WATCH, sign_in
from tests.support.browsing import running_browser
from tests.support.live import LiveServer, running_application

CLICK = "button => { const at = Date.now(); button.click(); return at; }"
WARM_UP, COLD_ROUNDS = 3, 5


def measure_play(settings: Settings, folder: Path, *, rounds: int) -> tuple[dict[str, list[float]], FirstPage]:
    """Milliseconds from the click of the customer to the row in the agent's list, {"WhatsApp": […], "mail": […]}; before it, what
    the first page of the inbox weighs."""
    storage = replace(settings, storage_url=f"file://{folder}/play")
    with running_application(storage, demo=True) as live, running_browser() as browser:
        _found_company(live)
        first = measure_first_page(browser, live.url, email=USERS[0].email, password=PASSWORD, rounds=COLD_ROUNDS)
        customer, agent = browser.new_page(), browser.new_page()
        for page, path in ((customer, "/simulator"), (agent, "/inbox?sort=newest")):
            sign_in(page, live.url, USERS[0].email, PASSWORD)
            page.goto(f"{live.url}{path}")
        agent.wait_for_selector("body[data-live=on]")
        agent.mouse.move(1200, 600)
        agent.evaluate(WATCH)
        customer.locator("button[value=calm]").evaluate("button => button.click()")  # it may be folded away
        chats = [_round(customer, agent, "chat", n) for n in range(WARM_UP + rounds)]
        mails = [_round(customer, agent, "mail", n) for n in range(WARM_UP + rounds)]
    return {"WhatsApp": sorted(chats[WARM_UP:]), "mail": sorted(mails[WARM_UP:])}, first


def _found_company(live: LiveServer) -> None:
    with live.app.app_context():
        now, keyring = utc_now(), runtime().keyring
        with transaction() as session:
            load_demo(session, keyring=keyring, password_hash=hash_password(PASSWORD), now=now)
        with transaction() as session:
            connect_simulators(session, simulated_world(), keyring=keyring, settings=live.settings, now=now)


def _round(customer: Page, agent: Page, medium: str, number: int) -> float:
    text = f"Bericht {number} van {time.time_ns()}"
    customer.locator(f"#{medium}-{'text' if medium == 'chat' else 'subject'}").fill(text)
    if medium == "mail":
        customer.locator("#mail-text").fill("Graag een antwoord.")
    button = customer.locator(f"#{medium}-send")
    with customer.expect_response(lambda answer: answer.request.method == "POST"):
        clicked = float(button.evaluate(CLICK))
    agent.wait_for_function(FOUND, arg=text, timeout=20_000, polling=20)
    return float(agent.evaluate(FOUND, text)) - clicked

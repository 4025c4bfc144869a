"""A company on the running application: a brand with a WhatsApp number, Alice and Bob who answer, customers who write."""

from __future__ import annotations

import secrets as random_secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.config import Settings
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Role, User
from app.domain.accounts.passwords import hash_password
from tests.browser.demo import ADMIN, running_demo, signed_in, wait_before_sending
from tests.browser.looking import Eyes
from tests.factories import make_brand, make_channel, make_user
from tests.support.browsing import TIMEOUT_MS, Browsing, wait_until_bound
from tests.support.contexts import Contexts
from tests.support.database import TestServers
from tests.support.live import LiveServer
from tests.support.signing_in import sign_in_browser

expect.set_options(timeout=TIMEOUT_MS)  # the workers of a fresh run take seconds to start on a busy machine
TEST_SECONDS = 1800  # the first test waits for all processes, too
ANSWER_SECONDS = 120
HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
# The second script is there and has run (app/web/scripts.py); from the list it comes with the first thread that is opened.
LATER_CAME = """async () => {
  const found = performance.getEntriesByType('resource').find(({ name }) => name.includes('/scripts/later/'));
  if (!found) return false;
  await import(found.name);
  return true;
}"""
TEMPLATES = [
    {
        "name": "follow_up",
        "language": "nl",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Beste {{1}}, is uw vraag opgelost?"}],
    }
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that names no time of its own has enough of it on a slow machine."""
    for item in items:
        if item.path.parent == HERE and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@dataclass
class Desk:
    """One brand of its own for one test. `number` is the customer's phone."""

    live: LiveServer
    name: str
    phone_number_id: str
    brand_id: uuid.UUID
    channel_id: uuid.UUID
    number: str

    def email(self, who: str) -> str:
        return f"{who}.{self.name}@switchyard.example"

    def sign_in(self, page: Page, who: str = "alice", *, to: str = "/inbox") -> None:
        """Go to an address as somebody who has signed in."""
        sign_in_browser(page, self.live.app, self.email(who))
        page.goto(to)

    def sign_in_by_form(self, page: Page, who: str = "alice") -> None:
        page.goto("/sign-in")
        page.locator("input[name=email]").fill(self.email(who))
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url("**/inbox**")

    def wait_until_live(self, page: Page) -> None:
        """Wait until the page hears pushes, keys and clicks."""
        page.wait_for_selector("body[data-live=on]")
        wait_until_bound(page)

    def customer_writes(self, text: str, *, number: str | None = None, name: str = "Pieter van Dam") -> None:
        order = {
            "kind": "message",
            "from": number or self.number,
            "name": name,
            "phone_number_id": self.phone_number_id,
            "text": text,
        }
        self.simulator("emit", **order)

    def simulator(self, path: str, **order: Any) -> None:
        answer = requests.post(f"{self.live.whatsapp_sim_url}/__sim/{path}", json=order, timeout=ANSWER_SECONDS)
        assert answer.ok, answer.text

    def open_thread(self, page: Page, text: str) -> None:
        """Let the customer write `text`, wait until it is in the list, and open it."""
        self.customer_writes(text)
        row = page.locator("a[data-row]", has_text=text)
        row.click()
        expect(page.locator("#timeline")).to_contain_text(text)
        page.wait_for_function(LATER_CAME)  # what an open thread needs and its list did without
        wait_until_bound(page)

    def reply(self, page: Page, text: str) -> None:
        page.locator("#composer-text").fill(text)
        page.locator("[data-send]").click()


@pytest.fixture(scope="session")
def demo(servers: TestServers, settings: Settings) -> Iterator[LiveServer]:
    """The demo, with a Valkey database of its own. What its people send goes at once: tests of undo switch that on."""
    _name, url = servers.new_database()
    with running_demo(replace(settings, database_url=url, redis_url=f"{servers.redis_url[:-1]}2")) as live:
        wait_before_sending(live, 0)
        yield live


@pytest.fixture
def demo_browsing(contexts: Contexts, demo: LiveServer) -> Iterator[Browsing]:
    browsing = Browsing(contexts, demo.url)
    yield browsing
    faults = browsing.unexpected_faults()
    browsing.close()
    assert not faults, "the browser reported: " + "; ".join(faults)


@pytest.fixture(scope="session")
def demo_admin(contexts: Contexts, demo: LiveServer) -> Iterator[tuple[Browsing, Eyes]]:
    """Who may see every page of the demo, signed in once for all tests that look at pages."""
    browsing = Browsing(contexts, demo.url)
    browsing.expected_faults.append("/nowhere")

    def speak(language: str) -> None:
        with demo.app.app_context(), transaction() as session:
            session.execute(sa.update(User).where(User.email == ADMIN).values(locale=language))

    yield browsing, Eyes(signed_in(browsing, ADMIN), speak)
    browsing.close()


@pytest.fixture
def admin_eyes(demo_admin: tuple[Browsing, Eyes]) -> Iterator[Eyes]:
    """The administrator's page; what the browser reports as wrong meanwhile fails the test."""
    browsing, both = demo_admin
    before = len(browsing.unexpected_faults())
    yield both
    faults = browsing.unexpected_faults()[before:]
    assert not faults, "the browser reported: " + "; ".join(faults)


@cache
def hashed_password() -> str:
    """To hash it takes as long as a page."""
    return hash_password(PASSWORD)


@pytest.fixture
def desk(live_server: LiveServer) -> Desk:
    name, digits = random_secrets.token_hex(4), str(random_secrets.randbelow(10**9)).zfill(9)
    secrets = {"access_token": f"token-{name}", "signing_secret": f"secret-{name}", "verify_token": f"verify-{name}"}
    with live_server.app.app_context(), transaction() as session:
        brand = make_brand(session, key=f"brand{name}", name=f"Brand {name}")
        for who in ("alice", "bob"):
            user = make_user(session, who.title(), role=Role.AGENT, brands=(brand,), password_hash=hashed_password())
            user.email = f"{who}.{name}@switchyard.example"
        settings = {"waba_id": "200600000000001", "templates": TEMPLATES}
        channel = make_channel(
            session, brand, keyring=runtime().keyring, address=f"106{digits}", secrets=secrets, settings=settings
        )
        made = Desk(live_server, name, f"106{digits}", brand.id, channel.id, f"316{digits[:8]}")
    made.simulator("reset")
    made.simulator(
        "config",
        webhook_url=f"{live_server.url}/webhooks/whatsapp",
        app_secret=secrets["signing_secret"],
        verify_token=secrets["verify_token"],
        access_token=secrets["access_token"],
        sent_s=0.05,
        delivered_s=0.1,
        read_s=0.3,
        numbers=[
            {
                "phone_number_id": made.phone_number_id,
                "display_phone_number": "31201234567",
                "waba_id": "200600000000001",
                "verified_name": "Brand",
            }
        ],
    )
    return made

"""The running application in demo mode, and its people in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from playwright.sync_api import Locator, Page

from app.config import Settings
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.accounts.passwords import hash_password
from app.sandbox.demo.commands import PASSWORD, simulated_world
from app.sandbox.demo.connect import connect_simulators
from app.sandbox.demo.load import load_demo
from app.sandbox.demo.mailboxes import connect_mailboxes
from app.sandbox.demo.people import USERS
from app.sandbox.demo.phone_world import connect_phone, simulated_phone
from app.sandbox.demo.simulator_client import connect_teams, simulator
from app.sandbox.demo.webhooks import connect_webhooks
from tests.support.browsing import Browsing, wait_until_bound
from tests.support.live import LiveServer, running_application

ADMIN = "noah@chargecars.example"


@contextmanager
def running_demo(settings: Settings) -> Iterator[LiveServer]:
    """The demo company on the database of `settings`, its channels connected to running simulators."""
    with running_application(settings, demo=True) as live:
        with live.app.app_context():
            now, keyring = utc_now(), runtime().keyring
            with transaction() as session:
                load_demo(session, keyring=keyring, password_hash=hash_password(PASSWORD), now=now)
            with transaction() as session:
                connect_mailboxes(session, live.environ, keyring=keyring, public_url=live.url)
            with transaction() as session:
                connect_simulators(session, simulated_world(), keyring=keyring, settings=live.settings, now=now)
                connect_phone(session, simulated_phone(), keyring=keyring, settings=live.settings)
            with transaction() as session:
                connect_teams(session, simulator("notices", live.environ), keyring=keyring)
            with transaction() as session:
                connect_webhooks(session, simulator("receiver", live.environ), keyring=keyring, now=now)
        yield live


def wait_before_sending(live: LiveServer, seconds: int) -> None:
    """What anybody sends waits so long for them to take it back."""
    with live.app.app_context(), transaction() as session:
        session.execute(sa.update(User).values(undo_send_seconds=seconds))


NEWEST_FIRST = "&".join(
    f"{view}=newest" for view in ("open", "mine", "unassigned", "email", "whatsapp", "sms", "phone", "internal")
)
"""The demo has more overdue threads than a page shows: what just came in would stand behind them."""


def signed_in(browsing: Browsing, email: str = USERS[0].email) -> Page:
    """A page of somebody of the demo company, who hears pushes. They sign in once for all tests; their cookie is lent."""
    page = browsing.new_page()
    page.context.add_cookies([{"name": "orders", "value": NEWEST_FIRST, "url": browsing.base_url}])
    cookies = browsing.cookies_of.get(email)
    if cookies:
        page.context.add_cookies(cookies)
        page.goto("/inbox")
    else:
        page.goto("/sign-in")
        page.locator("#field-email").fill(email)
        page.locator("#field-password").fill(PASSWORD)
        page.locator("form:has(#field-email) button[type=submit]").first.click()
    page.wait_for_selector("body[data-live=on]")
    wait_until_bound(page)
    browsing.cookies_of[email] = page.context.cookies()
    return page


def trouble(customer: Page, kind: str) -> None:
    """Press the button of a simulator's page that makes this trouble, or "calm"."""
    button = customer.locator(f"button[value={kind}]")
    unfold(customer, button)
    with customer.expect_navigation():
        button.click()
    wait_until_bound(customer)


def unfold(customer: Page, inside: Locator) -> None:
    """Open the part of a simulator's page that something is in, if it is folded."""
    fold = customer.locator("details.simulator__fold:not([open])").filter(has=inside)
    if fold.count():
        fold.locator("summary").first.click()

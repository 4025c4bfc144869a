"""`make screenshots`: the pictures of README.md, taken of the real application with the demo company loaded."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from app.accounts.passwords import hash_password
from app.config import Settings
from app.core.clock import utc_now
from app.core.crypto import generate_key
from app.core.db import transaction
from app.core.runtime import runtime
from app.demo.commands import PASSWORD, simulated_world
from app.demo.connect import connect_simulators
from app.demo.load import load_demo
from app.demo.people import USERS
from tests.support.browsing import TIMEOUT_MS, running_browser
from tests.support.database import running_servers
from tests.support.live import LiveServer, running_application

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
DESKTOP, PHONE = (1440, 900), (390, 844)


def load(live: LiveServer) -> None:
    """Load the demo company and introduce its channels to the simulators."""
    with live.app.app_context():
        now, keyring = utc_now(), runtime().keyring
        with transaction() as session:
            load_demo(session, keyring=keyring, password_hash=hash_password(PASSWORD), now=now)
        with transaction() as session:
            connect_simulators(session, simulated_world(), keyring=keyring, settings=live.settings, now=now)


def signed_in(browser: Browser, url: str, size: tuple[int, int], scheme: str = "light") -> Page:
    """Return a page of the first demo user."""
    page = browser.new_page(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        timezone_id="Europe/Amsterdam",
    )
    page.set_default_timeout(TIMEOUT_MS)
    page.goto("/sign-in")
    page.locator("#field-email").fill(USERS[0].email)
    page.locator("#field-password").fill(PASSWORD)
    page.locator("form:has(#field-email) button[type=submit], form:has(#field-email) .btn--primary").first.click()
    page.wait_for_url("**/inbox**")
    return page


def shoot(page: Page, name: str) -> None:
    page.wait_for_load_state()
    page.screenshot(path=FOLDER / f"{name}.png")


def open_thread(page: Page) -> None:
    page.locator("a[data-row]").nth(1).click()
    page.locator("#timeline").wait_for()


def write_as_customer(page: Page) -> None:
    """Leave the Simulator page with a chat on its phone."""
    page.goto("/simulator")
    page.locator("#chat-text").fill("Hi! My charger blinks red since this morning. Can somebody have a look?")
    page.locator("#chat-send").click()
    page.locator("[data-bubble]").first.wait_for()


def take_all(browser: Browser, url: str) -> None:
    page = signed_in(browser, url, DESKTOP)
    open_thread(page)
    shoot(page, "inbox")
    page.locator("#timeline").screenshot(path=FOLDER / "thread.png")
    page.goto("/search?q=laadpaal")
    shoot(page, "search")
    write_as_customer(page)
    shoot(page, "simulator")
    dark = signed_in(browser, url, DESKTOP, "dark")
    open_thread(dark)
    shoot(dark, "inbox-dark")
    shoot(signed_in(browser, url, PHONE), "phone")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_servers() as servers, tempfile.TemporaryDirectory() as data, running_browser() as browser:
        _name, database_url = servers.new_database()
        settings = Settings(
            data_dir=Path(data),
            database_url=database_url,
            redis_url=servers.redis_url,
            secret_key="only-for-pictures-" * 3,
            encryption_keys=generate_key(),
            storage_url=f"file://{data}/storage",
        )
        with running_application(settings, demo=True) as live:
            load(live)
            take_all(browser, live.url)


if __name__ == "__main__":
    main()

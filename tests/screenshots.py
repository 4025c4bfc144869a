"""`make screenshots`: the pictures of README.md and docs/features.md, taken of the real application with the demo company loaded.

`python -m tests.screenshots inbox phone` takes those alone whose names begin so; `moving` is the one that moves.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page

from app.config import Settings
from app.core.crypto import generate_key
from app.sandbox.demo.commands import PASSWORD
from app.sandbox.demo.people import USERS
from tests.browser.demo import running_demo
from tests.browser.looking import AT_REST
from tests.browser.scenes import ANSWERED
from tests.moving_picture import take_moving
from tests.support.browsing import TIMEOUT_MS, running_browser
from tests.support.database import running_servers

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
DESKTOP, PHONE = (1440, 900), (390, 844)
MOST_BYTES = 3_200_000
COLOURS = 256
ADMIN = "noah@chargecars.example"


def signed_in(browser: Browser, url: str, size: tuple[int, int], *, scheme: str = "light", email: str = USERS[0].email) -> Page:
    """Return a page of one of the demo users, who hears pushes."""
    page = browser.new_page(
        base_url=url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Amsterdam",
    )
    page.set_default_timeout(TIMEOUT_MS)
    page.goto("/sign-in")
    page.locator("#field-email").fill(email)
    page.locator("#field-password").fill(PASSWORD)
    page.locator("form:has(#field-email) button[type=submit]").first.click()
    page.wait_for_selector("body[data-live=on]")
    return page


def show(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("body[data-live=on]")
    page.wait_for_load_state("networkidle")


def first_of(page: Page, path: str, *, nth: int = 0, link: str = "a[data-row]") -> None:
    """Show the page behind a link of `path`."""
    page.goto(path)
    show(page, page.locator(link).nth(nth).get_attribute("href") or "")


def inbox(page: Page) -> None:
    first_of(page, "/inbox?sort=newest", link=ANSWERED)


def mail(page: Page) -> None:
    first_of(page, "/inbox/email")


def chat(page: Page) -> None:
    first_of(page, "/inbox/whatsapp?sort=newest", link=ANSWERED)


def composer(page: Page) -> None:
    mail(page)
    page.keyboard.press("r")  # it is one line until it is wanted
    page.locator("[data-rich-toggle]").click()
    page.locator("#composer-rich").click()
    page.keyboard.type("Dank voor uw bericht. Wij kunnen langskomen op:\n")
    page.locator("[data-rich-command=bullets]").click()
    page.keyboard.type("dinsdag om 10:00\ndonderdag om 14:30")
    page.locator("#composer-rich li").nth(1).wait_for()


def templates(page: Page) -> None:
    first_of(page, "/inbox/email", nth=2)
    page.locator("#main").focus()
    page.keyboard.press("#")
    page.locator("#template-options [role=option]").first.wait_for()


def search(page: Page) -> None:
    """Two searches that were kept stand in the rail; a third is about to."""
    for words, name in (("status:open tag:storing", "Open storingen"), ("has:attachment", "Met een bestand")):
        keep_search(page, words, name)
    show(page, "/search?q=laadpaal")
    page.locator("summary[data-key=v]").click()
    page.locator("#save-search-name").fill("Alles over laadpalen")


def keep_search(page: Page, words: str, name: str) -> None:
    show(page, f"/search?{urlencode({'q': words})}")
    page.locator("summary[data-key=v]").click()
    page.locator("#save-search-name").fill(name)
    page.locator("form:has(#save-search-name) button.btn--primary").click()
    page.wait_for_load_state("networkidle")


def spam(page: Page) -> None:
    """Three threads are marked, one of them with its sender."""
    for button in ("[data-key='!']", "[data-key='!']", "[name=block]"):
        first_of(page, "/inbox/email", nth=8)
        page.locator("#head-more").click()
        page.locator(f".more-menu button{button}").click()
        page.locator("#thread-head button[data-key='!']").locator("visible=true").wait_for()
    first_of(page, "/inbox/spam")


def commands(page: Page) -> None:
    mail(page)
    page.keyboard.press("Control+k")
    page.locator("#palette-field").fill("laad")
    page.locator("#palette-list [role=option]").filter(has_text="aad").first.wait_for()


def bulk(page: Page) -> None:
    show(page, "/inbox")
    for _row in range(3):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.locator(".bulk-bar summary[data-key=q]").click()
    page.locator(".bulk-bar .macro-menu button").first.wait_for()


def template(page: Page) -> None:
    first_of(page, "/settings/templates", link="main a[href*='/settings/templates/']:not([href$='/new'])")


def phone_list(page: Page) -> None:
    show(page, "/inbox")


def simulator(page: Page) -> None:
    page.goto("/simulator")
    page.locator("#chat-text").fill("Hi! My charger blinks red since this morning. Can somebody have a look?")
    page.locator("#chat-send").click()
    page.locator("[data-bubble]").first.wait_for()


DESK: Mapping[str, Callable[[Page], None]] = {
    "inbox": inbox,
    "thread": chat,
    "composer": composer,
    "templates": templates,
    "search": search,
    "palette": commands,
    "tasks-board": lambda page: show(page, "/tasks/board?who=all"),
    "tasks-calendar": lambda page: show(page, "/tasks/calendar?who=all"),
    "contact": lambda page: first_of(page, "/contacts", nth=1),
    "template": template,
    "bulk": bulk,
    "spam": spam,
    "simulator": simulator,
}


def take(page: Page, name: str, scene: Callable[[Page], None]) -> None:
    if sys.argv[1:] and not name.startswith(tuple(sys.argv[1:])):
        return
    scene(page)
    page.evaluate(AT_REST)
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)  # a third of the size


def take_all(browser: Browser, url: str) -> None:
    page = signed_in(browser, url, DESKTOP, email=ADMIN)
    for name, scene in DESK.items():
        take(page, name, scene)
    take(signed_in(browser, url, DESKTOP, scheme="dark"), "inbox-dark", inbox)
    if not sys.argv[1:] or "moving" in sys.argv[1:]:
        take_moving(signed_in(browser, url, DESKTOP), FOLDER / "moving.gif")
    phone = signed_in(browser, url, PHONE)
    take(phone, "phone-inbox", phone_list)
    take(phone, "phone-thread", chat)


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
        with running_demo(settings) as live:
            take_all(browser, live.url)
    total = sum(picture.stat().st_size for picture in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} pictures, {total / 1_000_000:.1f} MB")
    assert total < MOST_BYTES, "too large for a repository"


if __name__ == "__main__":
    main()

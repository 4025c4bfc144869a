"""The page of one's notifications, what the service worker shows, and deadlines through every way, in the running demo."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.demo import ADMIN, signed_in
from tests.browser.looking import Eyes
from tests.browser.scenes import ROW
from tests.support.browsing import Browsing
from tests.support.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
PATH = "/settings/notifications"


class Worker:
    """The service worker of a page, told by the browser's own tools, as a real push service cannot be reached from here."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.evaluate("navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => null)")
        self._tools: CDPSession = page.context.new_cdp_session(page)
        found: list[dict[str, Any]] = []
        self._tools.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
        self._tools.send("ServiceWorker.enable")
        page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        self._id = found[-1]["registrationId"]
        self._origin = page.evaluate("location.origin")

    def push(self, **payload: str) -> None:
        order = {"origin": self._origin, "registrationId": self._id, "data": json.dumps(payload)}
        self._tools.send("ServiceWorker.deliverPushMessage", order)

    def wait_for(self, shown: dict[str, str]) -> None:
        """Until these texts are shown, each leading to its address, and no others."""
        self.page.wait_for_function(
            "(wanted) => navigator.serviceWorker.ready.then((r) => r.getNotifications())"
            ".then((all) => all.map((one) => `${one.body} ${one.data.url}`).sort().join() === wanted)",
            arg=",".join(sorted(f"{text} {url}" for text, url in shown.items())),
        )


def test_a_pushed_notice_is_shown_replaced_and_left_out_where_its_thread_is_in_sight(
    demo: LiveServer, demo_browsing: Browsing
) -> None:
    page = signed_in(demo_browsing)
    page.context.grant_permissions(["notifications"], origin=demo.url)
    page.goto(PATH)
    worker = Worker(page)
    worker.push(title="Switchyard", body="one", tag="a", url="/notifications/1", thread="/threads/1")
    worker.wait_for({"one": "/notifications/1"})
    worker.push(title="Switchyard", body="two", tag="a", url="/notifications/1", thread="/threads/1")
    worker.wait_for({"two": "/notifications/1"})
    worker.push(title="Switchyard", body="in sight", tag="b", url="/notifications/2", thread=PATH)
    worker.push(title="Switchyard", body="three", tag="c", url="/notifications/3", thread="/threads/3")
    worker.wait_for({"two": "/notifications/1", "three": "/notifications/3"})


def test_the_page_is_filled_in_and_saved_by_keys_alone(demo: LiveServer, demo_browsing: Browsing) -> None:
    demo_browsing.expected_faults.append("422")
    page = signed_in(demo_browsing)
    page.goto(PATH)
    first = page.locator("input[value='mention push']")
    assert first.is_checked()
    first.focus()
    page.keyboard.press("Space")
    page.locator("#field-quiet_0_from").focus()
    page.locator("#field-quiet_0_from").fill("22:00")
    page.keyboard.press("Enter")
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator("#error-summary")).to_contain_text("Enter a time such as 22:00")
    page.locator("#error-summary a").press("Enter")
    expect(page.locator("#field-quiet_0_to")).to_be_focused()
    page.locator("#field-quiet_0_to").fill("07:00")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Saved.")
    assert not page.locator("input[value='mention push']").is_checked()
    assert page.locator("#field-quiet_0_to").input_value() == "07:00"


def test_every_way_is_tried_and_arrives(demo: LiveServer, demo_browsing: Browsing) -> None:
    page = signed_in(demo_browsing, ADMIN)
    page.goto("/simulator/received")
    page.get_by_role("button", name="Add a simulated browser for me").click()
    page.goto(PATH)
    for way, said in (
        ("app", "The test notification appears for a moment on this page"),
        ("push", "The push service accepted the notification."),
        ("email", "The mail server accepted the email."),
    ):
        page.locator(f"form[action$='/tests/{way}'] button").click()
        expect(page.locator("#trial")).to_contain_text(said)
        expect(page.locator("#trial")).to_be_focused()
    page.goto("/simulator/received")
    expect(page.locator("#arrivals")).to_contain_text("how this browser notifies you")
    expect(page.locator("#arrivals")).to_contain_text("how Switchyard emails you")


def test_a_mention_reaches_the_browser_of_whoever_is_named(demo: LiveServer, demo_browsing: Browsing) -> None:
    """Through every process: note, relay, worker, push service."""
    told = signed_in(demo_browsing, "emma@chargecars.example")
    told.goto("/simulator/received")
    told.get_by_role("button", name="Add a simulated browser for me").click()
    writer = signed_in(demo_browsing)
    writer.goto("/inbox/email")
    writer.locator(ROW).first.click()
    writer.wait_for_url("**/threads/**")
    thread = writer.evaluate("location.pathname")
    writer.evaluate(
        """(path) => fetch(`${path}/notes`, { method: "POST", body: new URLSearchParams({ text: "@Emma kijk je even?" }),
        headers: { "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"] } })""",
        thread,
    )
    expect(told.locator("#arrivals")).to_contain_text("A colleague mentioned you", timeout=60_000)
    mention = told.locator("#arrivals .arrival", has_text="A colleague mentioned you")  # she may be told of new work, too
    mention.locator("a").first.click()
    told.wait_for_url(f"**{thread}**")


@pytest.mark.full
@pytest.mark.parametrize("path", [PATH, "/settings/teams-cards", "/simulator/received"])
def test_it_is_accessible_and_fits_with_something_on_it(demo: LiveServer, admin_eyes: Eyes, path: str) -> None:
    assert admin_eyes.look_at(path) == []

"""Teams, Make, Fillout and PDOK in a browser: they are connected, they work, they are broken and mended, and what waited comes
once. PDOK takes no connecting.

All are connected, and one is broken in one way, by default; `make channels` walks all in every way.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Locator, Page, expect

from app.domain.webhooks.models import WebhookDelivery
from app.sandbox.demo.providers import BROKEN, BUSY, REFUSED, SILENCE
from tests.browser.demo import ADMIN, signed_in
from tests.support.browsing import Browsing
from tests.support.live import LiveServer
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
EVERY = bool(os.environ.get("EVERY_TROUBLE"))
LONG_MS = 150_000


@dataclass
class Office:
    """An administrator who makes trouble (`played`), works with orders and reads what is told of services (`admin`)."""

    live: LiveServer
    admin: Page
    played: Page
    troubled: set[str] = field(default_factory=set)

    def trouble(self, key: str, kind: str) -> None:
        self.troubled.add(key)
        card = self.card(key)
        with self.played.expect_navigation():
            card.locator(f".trouble button[value='{kind}']").click()
        expect(self.played.locator(f"[data-provider={key}]")).to_have_attribute("data-trouble", kind)

    def try_again(self) -> bool:
        """Nobody waits minutes for a third try; `make channels` does."""
        if not EVERY:
            self.live.try_again_now(WebhookDelivery)
        return False

    def arrange(self, button: str) -> None:
        self.played.goto("/simulator/forms")
        with self.played.expect_navigation():
            self.played.get_by_role("button", name=button, exact=True).click()

    def integration(self, name: str) -> Page:
        self.admin.goto("/settings/integrations")
        self.admin.get_by_role("link", name=name).first.click()  # what is asked daily names it, too
        return self.admin

    def card(self, key: str) -> Locator:
        self.played.goto("/simulator/providers")
        return self.played.locator(f"[data-provider={key}]")

    def connect(self, key: str, name: str) -> Locator:
        """Connect the account the console shows; the page of the new connection."""
        account = {one.get_attribute("data-field"): one.text_content() for one in self.card(key).locator("[data-field]").all()}
        self.admin.goto(f"/settings/integrations/new?provider={key}")
        for its_name, value in {"name": name, **account}.items():
            self.admin.locator(f"#field-{its_name}").fill(value or "")
        self.admin.get_by_role("button", name="Connect", exact=True).click()
        expect(self.admin.locator("h1")).to_have_text(name)
        return self.admin.locator("main")

    def enter(self, key: str, **ours: str) -> None:
        """Put in at the simulated provider what our page showed; the rest is left empty."""
        card = self.card(key)
        card.get_by_text("Webhook settings at the provider").click()
        for one in card.locator("details input.input").all():
            one.fill(ours.get(one.get_attribute("name") or "", ""))
        with self.played.expect_navigation():
            card.get_by_role("button", name="Save").click()

    def team(self, name: str) -> Locator:
        heading = self.admin.get_by_role("heading", name=name, exact=True)
        return self.admin.locator("main .settings__section").filter(has=heading)

    def count_orders(self) -> int:
        """What the list shows, without showing it: to load the page until something is on it keeps a processor busy."""
        return self.admin.request.get("/orders").text().count(" data-row>")

    def orders(self) -> Locator:
        self.admin.goto("/orders")
        return self.admin.locator("a[data-row]")

    def new_order(self, postal_code: str, house_number: str) -> Page:
        page = self.admin
        page.goto("/orders/new")
        for name, value in {"customer_name": "Sanne de Wit", "postal_code": postal_code, "house_number": house_number}.items():
            page.locator(f"#field-{name}").fill(value)
        page.locator("#field-description-1").fill("Wallbox")
        page.get_by_role("button", name="Save", exact=True).last.click()
        expect(page).to_have_url(re.compile("/orders/[0-9a-f-]{36}"))
        return page

    def set(self, field: str, value: str, button: str) -> None:
        self.admin.locator(f"#field-{field}").select_option(value)
        with self.admin.expect_navigation():
            self.admin.get_by_role("button", name=button).click()


@pytest.fixture
def office(demo: LiveServer, demo_browsing: Browsing) -> Iterator[Office]:
    made = Office(demo, *(signed_in(demo_browsing, ADMIN) for _ in range(2)))
    yield made
    for key in tuple(made.troubled):
        made.trouble(key, "")


def shown(page: Page, found: Locator) -> bool:
    """After the page was read anew."""
    page.reload()
    return found.count() > 0


# What our pages say of each trouble.
MAKE_WORDS = {REFUSED: "requires a different API key", BUSY: "answered 429", BROKEN: "answered 500", SILENCE: "could not reach"}
TEAMS_WORDS = {
    REFUSED: "rejected the address",
    BUSY: "asks us to wait",
    BROKEN: "has a problem",
    SILENCE: "We do not know if Teams has the card",
}
FILLOUT_WORDS = {REFUSED: "API key", BUSY: "patience", BROKEN: "Fillout", SILENCE: "Fillout"}
WHAT = "the page to say so"
KINDS = (REFUSED, BUSY, BROKEN, SILENCE) if EVERY else (BROKEN,)


@pytest.fixture
def by_hand(office: Office) -> Iterator[str]:
    """The name of a connection that somebody makes; it is switched off afterwards, and the demo's own are used again."""
    name = f"By hand {uuid.uuid4().hex[:6]}"
    yield name
    office.integration(name).get_by_role("button", name="Switch off").click()
    for key in ("make", "fillout"):
        office.enter(key)


@pytest.mark.full
def test_make_is_connected_by_hand_and_works_both_ways(office: Office, by_hand: str) -> None:
    before = office.count_orders()
    shown = office.connect("make", by_hand)
    base = shown.locator("dl.kv code").inner_text().removesuffix("/…")
    secrets = {"caller_key": shown.locator("#inbound-key").inner_text(), "secret": shown.locator("#signing-secret").inner_text()}
    office.enter("make", hook_url=base, **secrets)
    office.arrange("A new order")
    wait_until(lambda: office.count_orders() > before, WHAT)
    office.orders().first.click()
    number = office.admin.locator("h1").inner_text().split()[0]
    step = office.admin.locator(".case-steps button[name=status]").first
    reached = step.get_attribute("value")
    step.click()
    expect(office.admin.locator(f".case-steps [name=expected_from][value={reached}]").first).to_be_attached()
    office.played.goto("/simulator/forms")
    expect(office.played.locator("#told-scenarios .arrival", has_text=number).first).to_be_visible(timeout=LONG_MS)
    page = office.integration(by_hand)
    expect(page.locator("dl.kv")).not_to_contain_text("Nothing yet")
    expect(page.locator("main td").filter(has_text="Sent").first).to_be_visible()


def test_fillout_is_connected_by_hand_and_brings_what_is_filled_in_from_then_on(office: Office, by_hand: str) -> None:
    start = office.count_orders()
    office.arrange("Fill in the form")
    wait_until(lambda: office.count_orders() > start, WHAT)
    office.enter("fillout", hook_url=office.connect("fillout", by_hand).locator("#webhook-url").inner_text())
    before = office.count_orders()
    office.arrange("Fill in the form")
    wait_until(lambda: office.count_orders() > before, WHAT)
    office.arrange("The request is lost")
    wait_until(lambda: office.count_orders() > before + 1, WHAT)
    expect(office.integration(by_hand).locator("dl.kv")).not_to_contain_text("Nothing yet")
    expect(office.orders()).to_have_count(before + 2)
    office.enter("fillout")
    wait_until(lambda: office.count_orders() == before + 4, "the demo's own connection to fetch what it missed")


def test_a_channel_of_teams_is_connected_by_hand_and_gets_cards(office: Office) -> None:
    url = office.card("notices").locator("[data-field=url]").text_content() or ""
    page = office.admin
    page.goto("/settings/teams-cards")
    name = page.locator("main .settings__section").filter(has_text="No address").first.locator("h2").inner_text()
    office.team(name).get_by_label("Address of the workflow").fill(url)
    office.team(name).get_by_role("button", name="Save").click()
    expect(office.team(name)).to_contain_text("No card yet")
    office.team(name).get_by_role("button", name="Send a test card").click()
    expect(page.locator("#trial")).to_contain_text("Teams accepted the card")
    office.played.goto("/simulator/received")
    expect(office.played.locator("[aria-label=Cards] .arrival").first).to_be_visible()
    office.team(name).get_by_role("button", name="Remove").click()
    expect(office.team(name)).to_contain_text("No address")


@pytest.mark.parametrize("kind", KINDS)
def test_make_is_told_once_after_it_was_mended(office: Office, kind: str) -> None:
    page, before = office.admin, office.count_orders()
    office.arrange("A new order")
    wait_until(lambda: office.count_orders() > before, WHAT)
    office.orders().first.click()
    office.trouble("make", kind)
    step = office.admin.locator(".case-steps button[name=status]").first
    reached = step.get_attribute("value")
    step.click()
    expect(office.admin.locator(f".case-steps [name=expected_from][value={reached}]").first).to_be_attached()
    number = page.locator("h1").inner_text().split()[0]
    office.integration("Scenarios (demo)")
    banner = page.locator("main .banner", has_text=MAKE_WORDS[kind])
    wait_until(lambda: office.try_again() or shown(page, banner), WHAT)
    office.trouble("make", "")
    if kind == REFUSED:
        page.get_by_role("button", name="Resend failed requests").click()
    office.played.goto("/simulator/forms")
    told = office.played.locator("#told-scenarios .arrival", has_text=number)
    wait_until(lambda: office.try_again() or told.count() > 0, "the scenario to be told")
    wait_until(lambda: not shown(page, banner), WHAT)


@pytest.mark.skipif(not EVERY, reason="make channels walks it")
@pytest.mark.parametrize("kind", KINDS)
def test_a_form_whose_post_was_lost_comes_once_after_fillout_was_mended(office: Office, kind: str) -> None:
    office.arrange("Fill in the form")
    before = office.count_orders()
    office.trouble("fillout", kind)
    office.arrange("The request is lost")
    page = office.integration("Intake (demo)")
    banner = page.locator("main .banner", has_text=FILLOUT_WORDS[kind])
    wait_until(lambda: shown(page, banner), WHAT)
    office.trouble("fillout", "")
    wait_until(lambda: office.count_orders() > before, WHAT)
    expect(office.orders()).to_have_count(before + 1)


@pytest.mark.skipif(not EVERY, reason="make channels walks it")
@pytest.mark.parametrize(("kind", "house_number"), [(BUSY, "20"), (BROKEN, "22"), (SILENCE, "24")])
def test_an_address_is_looked_up_after_the_register_was_mended(office: Office, kind: str, house_number: str) -> None:
    office.trouble("pdok", kind)
    page = office.new_order("9717GD", house_number)
    expect(page.locator("#order-place")).to_contain_text("Address not checked yet")
    office.trouble("pdok", "")
    expect(page.locator("#order-place")).to_contain_text("Valid address", timeout=LONG_MS)


@pytest.mark.skipif(not EVERY, reason="make channels walks it")
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_of_an_urgent_order_comes_once_after_teams_was_mended(office: Office, kind: str) -> None:
    page = office.new_order("3511CD", "7")
    number = page.locator("h1").inner_text().split()[0]
    office.trouble("notices", kind)
    office.set("priority", "urgent", "Change priority")
    page.goto("/settings/teams-cards")
    wait_until(lambda: shown(page, page.locator("main .field__error", has_text=TEAMS_WORDS[kind])), WHAT)
    office.trouble("notices", "")
    page.get_by_role("button", name="Send a test card").click()
    expect(page.locator("#trial")).to_contain_text("Teams accepted the card")
    office.played.goto("/simulator/received")
    cards = office.played.locator("[aria-label=Cards] .arrival", has_text=number)
    # Of a card that may have come Teams cannot be asked, so it is not sent again.
    expect(cards).to_have_count(0 if kind == SILENCE else 1, timeout=LONG_MS)

"""Orders without a mouse: one worked from the list to a planned visit, answered where it stands, and the board."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from app.contract.address_parts import read_line
from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel
from app.domain.orders.actions import NewLine
from tests.browser.conftest import Desk
from tests.browser.looking import STICKS_OUT
from tests.domain.orders.factories import make_order
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import assert_accessible, wait_until_bound
from tests.support.full import IS_FULL

pytestmark = pytest.mark.browser
MOST_TABS = 60
IN_A_FIELD = "() => document.activeElement.matches('input, textarea, select')"
FOCUS_IS_ON = "(selector) => document.activeElement.matches(selector)"


def an_order(desk: Desk, name: str = "Emma de Boer") -> uuid.UUID:
    """Of somebody who wrote a minute ago; nothing is lacking but a visit."""
    with desk.live.app.app_context(), transaction() as session:
        brand, channel = session.get_one(Brand, desk.brand_id), session.get_one(Channel, desk.channel_id)
        customer = make_contact(session, name, value=desk.number)
        thread = make_thread(session, channel, customer, at=utc_now())
        make_message(session, thread, "Wanneer komt u?", at=utc_now())
        lines, address = (NewLine("Laadpaal", unit_price=Decimal(1000)),), read_line("Kerkstraat 12, 1234AB Amsterdam")
        order_id = make_order(session, brand, customer, lines=lines, address=address, thread_id=thread.id).id
    desk.simulator("windows", windows=[{"wa_id": desk.number, "phone_number_id": desk.phone_number_id}])
    return order_id


def status(page: Page, words: str) -> None:
    expect(page.locator(".case-head .pill").first).to_have_text(words)
    settled(page)


def leave_field(page: Page) -> None:
    """Where one is in a field, as somebody who is in none goes back to the list by that key."""
    settled(page)
    if page.evaluate(IN_A_FIELD):
        page.keyboard.press("Escape")


def tab_to(page: Page, selector: str) -> None:
    for _press in range(MOST_TABS):
        if page.evaluate(FOCUS_IS_ON, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {selector} by Tab")


def settled(page: Page) -> None:
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)
    wait_until_bound(page)


def looks_right(page: Page) -> None:
    """Wide and on a phone; `make test` asks axe about the phone alone."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert not page.evaluate(STICKS_OUT), f"{page.url} at {width}"
        if IS_FULL or width == 390:
            assert_accessible(page)


def test_an_order_is_worked_and_answered_with_keys_alone(page: Page, desk: Desk) -> None:
    an_order(desk)
    desk.sign_in(page, to="/orders")
    desk.wait_until_live(page)
    looks_right(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    status(page, "New order")
    desk.wait_until_live(page)
    page.evaluate("window.notReloaded = true")

    page.keyboard.press("l")
    page.keyboard.type("Kabel")
    for typed in ("2", "10,50"):
        page.keyboard.press("Tab")
        page.keyboard.type(typed)
    page.keyboard.press("Enter")
    expect(page.locator(".case-head__money")).to_contain_text("€1,235.41")
    leave_field(page)
    page.keyboard.press("s")
    status(page, "Quoted")
    page.keyboard.press("z")
    status(page, "New order")

    page.keyboard.press("h")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("Kabel is op")
    page.keyboard.press("Enter")
    status(page, "On hold")
    expect(page.locator(".case-head__next")).to_contain_text("Kabel is op")
    page.keyboard.press("s")
    status(page, "New order")

    page.keyboard.press("n")
    page.keyboard.type("Let op de hond")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".order-comments__list")).to_contain_text("Let op de hond")
    leave_field(page)
    page.keyboard.press("d")
    expect(page.locator("#order-tasks :focus")).to_have_count(1)
    page.keyboard.type("Kabel bestellen")
    page.keyboard.press("Enter")
    expect(page.locator("#order-tasks")).to_contain_text("Kabel bestellen")
    leave_field(page)

    page.keyboard.press("r")
    expect(page.locator("#composer-text")).to_be_focused()
    expect(page.locator("#conversation #timeline")).to_contain_text("Wanneer komt u?")
    page.keyboard.type("Morgen om negen uur")
    page.keyboard.press("Control+Enter")
    ours = page.locator("#conversation .message--outgoing", has_text="Morgen om negen uur")
    expect(ours.locator(".message__state")).to_contain_text("Read")
    desk.customer_writes("Dat is goed", name="Emma de Boer")
    expect(page.locator("#conversation #timeline")).to_contain_text("Dat is goed")
    page.keyboard.type("Tot m")
    page.keyboard.press("Escape")
    settled(page)
    for words in ("Quoted", "Approved"):
        page.keyboard.press("s")
        status(page, words)
    expect(page.locator("#composer-text")).to_have_value("Tot m")

    page.keyboard.press("p")
    expect(page.locator("#appointment-place #field-title")).to_be_focused()
    page.keyboard.type("Installatie")
    for field, value in (("date", (utc_now() + timedelta(days=1)).date().isoformat()), ("time", "09:00")):
        tab_to(page, f"#appointment-place #field-{field}")
        page.locator(":focus").fill(value)  # the order of a date's parts is that of the machine's language
    page.keyboard.press("Enter")
    status(page, "Scheduled")
    assert page.evaluate("window.notReloaded") is True
    looks_right(page)
    leave_field(page)
    page.keyboard.press("u")
    expect(page.locator("h1")).to_have_text("Orders")


@pytest.mark.full
def test_the_board_is_worked_with_keys_alone(page: Page, desk: Desk) -> None:
    order_id = an_order(desk)
    desk.sign_in(page, to="/orders/board?q=Emma")
    desk.wait_until_live(page)
    looks_right(page)
    tab_to(page, f"#card-{order_id}")

    def stands_in(column: str) -> None:
        expect(page.locator(f"[data-column={column}] #card-{order_id}")).to_be_focused()
        expect(page.locator(f"[data-column={column}] .order-column__money")).to_contain_text("€1,210.00")
        settled(page)

    stands_in("new")
    page.keyboard.press("Shift+ArrowRight")
    stands_in("quoted")
    page.keyboard.press("z")
    stands_in("new")
    page.keyboard.press("Shift+ArrowRight")
    stands_in("quoted")
    page.keyboard.press("Shift+ArrowRight")
    stands_in("approved")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".toast").last).to_contain_text("No visit is planned: plan one first.")
    stands_in("approved")
    page.keyboard.press("Enter")
    status(page, "Approved")


@pytest.mark.full
def test_the_orders_of_a_list_are_walked_and_merged_with_keys_alone(page: Page, desk: Desk) -> None:
    order_id, double_id = an_order(desk), an_order(desk)
    desk.sign_in(page, to="/orders?q=Emma")
    desk.wait_until_live(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    number = page.locator(".case-head h1")
    page.wait_for_url(f"**/orders/{double_id}?q=Emma")
    settled(page)
    looks_right(page)
    double = number.inner_text()
    page.keyboard.press("]")
    page.wait_for_url(f"**/orders/{order_id}?q=Emma")
    settled(page)
    page.keyboard.press("]")
    expect(page.locator(".toast").last).to_have_text("This is the last order in the list.")
    settled(page)
    page.keyboard.press("?")
    expect(page.locator("#keys-sheet")).to_contain_text("Next order in the list")
    page.keyboard.press("Escape")

    page.keyboard.press("m")
    expect(page.locator("#merge-number")).to_be_focused()
    page.keyboard.type(double)
    page.keyboard.press("Enter")
    expect(page.locator(".order-history")).to_contain_text(f"merged {double} into this order")
    settled(page)
    page.keyboard.press("[")
    page.wait_for_url(f"**/orders/{double_id}?q=Emma")
    status(page, "Cancelled")
    page.keyboard.press("u")
    page.wait_for_url("**/orders?q=Emma")

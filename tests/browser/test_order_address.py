"""An address of the register is chosen while one types, and its parts are in the fields of the order."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.looking import Eyes

pytestmark = pytest.mark.browser


def test_a_chosen_address_fills_the_fields(admin_eyes: Eyes) -> None:
    page = admin_eyes.page
    page.goto("/orders/new")
    search, offered = page.locator("#field-address"), page.locator("#address-list option")
    search.press_sequentially("kerkstraat 12 leeu")
    expect(offered.first).to_have_attribute("value", "Kerkstraat 12, 8911XY Leeuwarden")
    search.fill("Kerkstraat 12, 8911XY Leeuwarden")  # what a browser does when one of the list is chosen
    for name, part in (("street", "Kerkstraat"), ("house_number", "12"), ("postal_code", "8911XY"), ("city", "Leeuwarden")):
        expect(page.locator(f"[name={name}]")).to_have_value(part)
    expect(search).to_have_value("")

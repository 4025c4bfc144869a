"""Templates in a real browser: offered, narrowed, put in and sent by keyboard; plain forms without scripts; a live preview."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import Role, User
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import TemplateCategory
from tests.browser.conftest import Desk
from tests.support.browsing import Browsing, assert_accessible, wait_until_bound

pytestmark = pytest.mark.browser

RESET = "Beste {{contact.first_name|klant}}, zet de aardlek uit en aan als de laadpaal rood knippert."
ASK = "Wij bellen u op {{contact.email}}."


@pytest.fixture
def offered(desk: Desk) -> Desk:
    """A desk with three templates of its own."""
    with desk.live.app.app_context(), transaction() as session:
        for name, text in (("Reset", RESET), ("Terugbellen", ASK), ("Bedankt", "Graag gedaan!")):
            content = TemplateContent(name, TemplateCategory.TECHNICAL_SUPPORT, "nl", text, brand_ids=(desk.brand_id,))
            create_template(session, content, now=utc_now())
    return desk


def open_thread(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "De laadpaal knippert rood, wat moet ik doen?")
    expect(page.locator(".template-chip")).to_have_count(3)


def test_a_slash_on_an_empty_line_opens_the_list_and_enter_puts_the_template_in(page: Page, offered: Desk) -> None:
    open_thread(page, offered)
    expect(page.locator(".template-chip").first).to_have_text("Reset")
    page.locator("#composer-text").press_sequentially("/bedankt")
    expect(page.locator("[role=option]:visible")).to_have_count(1)
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_value("Graag gedaan!")
    expect(page.locator("#composer-text")).to_be_focused()
    expect(page.locator("#template-picker")).to_be_hidden()
    expect(page.locator(".template-chip").first).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message--outgoing")).to_contain_text("Graag gedaan!")


@pytest.mark.full
def test_arrows_choose_and_escape_gives_the_slash_back(page: Page, offered: Desk) -> None:
    open_thread(page, offered)
    page.locator("#composer-text").press("/")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Reset")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option][aria-selected=true]")).not_to_contain_text("Reset")
    page.keyboard.press("Escape")
    expect(page.locator("#composer-text")).to_have_value("/")
    page.keyboard.press("/")  # not an empty line any more: a slash is a slash
    expect(page.locator("#composer-text")).to_have_value("//")
    expect(page.locator("#template-picker")).to_be_hidden()


def test_a_blank_is_selected_to_be_typed_over_and_cannot_be_sent(page: Page, offered: Desk, browsing: Browsing) -> None:
    browsing.expected_faults.append("422")
    open_thread(page, offered)
    page.locator(".timeline-scroll").focus()
    page.keyboard.press("#")
    page.keyboard.type("terug")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_value("Wij bellen u op ⟦contact.email⟧.")
    page.locator("[data-send]").click()
    expect(page.locator("#composer-error")).to_contain_text("⟦contact.email⟧")
    expect(page.locator("#composer-text")).to_have_value("Wij bellen u op ⟦contact.email⟧.")
    expect(page.locator(".message--outgoing")).to_have_count(0)


def test_what_is_typed_next_replaces_the_blank_and_a_chip_puts_its_template_in(page: Page, offered: Desk) -> None:
    open_thread(page, offered)
    page.locator("#composer-text").click()  # suggestions are for who begins to write
    page.locator(".template-chip", has_text="Terugbellen").click()
    expect(page.locator("#composer-text")).to_have_value("Wij bellen u op ⟦contact.email⟧.")
    page.keyboard.type("dinsdag")
    expect(page.locator("#composer-text")).to_have_value("Wij bellen u op dinsdag.")


@pytest.mark.full
def test_without_scripts_a_template_is_a_choice_and_a_button(page: Page, offered: Desk, browsing: Browsing) -> None:
    open_thread(page, offered)
    plain = browsing.new_page(java_script_enabled=False)
    offered.sign_in(plain, to=page.url)
    plain.locator("#composer-text").fill("Goedemiddag.")
    plain.get_by_role("button", name="Templates").click()
    plain.get_by_label("Template", exact=True).select_option(label="Reset (Nederlands)")
    plain.get_by_role("button", name="Insert").click()
    filled = "Goedemiddag.\n\nBeste Pieter, zet de aardlek uit en aan als de laadpaal rood knippert."
    expect(plain.locator("#composer-text")).to_have_value(filled)


def test_a_lead_writes_a_template_with_a_preview_beside_it(page: Page, offered: Desk, browsing: Browsing) -> None:
    browsing.expected_faults.append("422")
    with offered.live.app.app_context(), transaction() as session:
        session.execute(sa.update(User).where(User.email == offered.email("alice")).values(role=Role.LEAD))
    offered.sign_in(page, to="/settings/templates/new")
    wait_until_bound(page)
    page.get_by_label("Name", exact=True).fill("Welkom")
    page.locator("#field-text").press_sequentially("Dag {{contact.voornaam}}, welkom")
    expect(page.locator("#template-preview")).to_contain_text("Line 1, column 5: there is no variable {{contact.voornaam}}.")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#field-text-error")).to_contain_text("{{contact.voornaam}}")
    page.wait_for_load_state()
    wait_until_bound(page)
    page.locator("#field-text").fill("")
    page.locator("#variables-fold summary").click()
    page.get_by_role("button", name="{{contact.first_name}}").click()
    expect(page.locator("#field-text")).to_have_value("{{contact.first_name}}")
    expect(page.locator("#template-preview .filled--value").first).to_have_text("Lotte")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welkom")

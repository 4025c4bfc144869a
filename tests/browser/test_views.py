"""Views and the bar of what is new, in a real browser and by keys."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_id
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.threads.models import Priority, Thread
from app.domain.threads.tags import change_tags
from tests.browser.conftest import Desk
from tests.browser.test_tasks import add
from tests.factories import make_contact, make_message, make_thread
from tests.support.browsing import assert_accessible, wait_until_bound

pytestmark = pytest.mark.browser


# Keeps what is said: something else may be said a moment later.
LISTEN = """() => {
  const region = document.getElementById('announcements');
  window.said = [];
  new MutationObserver(() => window.said.push(region.textContent)).observe(region, { childList: true });
}"""


def fill_inbox(desk: Desk, count: int) -> None:
    with desk.live.app.app_context(), transaction() as session:
        channel = session.get_one(Channel, desk.channel_id)
        contact = make_contact(session, "Pieter van Dam", value=desk.number)
        begin = utc_now() - timedelta(minutes=1)  # a message that comes now is newer, though its provider counts in whole seconds
        for n in range(count):
            at = begin + timedelta(milliseconds=n)
            make_message(session, make_thread(session, channel, contact, at=at), f"Vraag {n}", at=at)


def test_a_list_becomes_a_view_with_keys_and_its_count_follows(page: Page, desk: Desk) -> None:
    fill_inbox(desk, 3)
    desk.sign_in(page, to="/inbox?priority=urgent&sort=oldest")
    desk.wait_until_live(page)
    page.keyboard.press("v")
    expect(page.locator("#save-view-name")).to_be_focused()
    assert_accessible(page)
    page.keyboard.type("Spoed")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/inbox/views/[0-9a-f-]+$"))
    expect(page.locator("h1")).to_have_text("Spoed")
    expect(page.locator(".list .empty")).to_contain_text("Nothing in this view")
    mine = page.locator(".rail .nav__item[aria-current]")
    expect(mine).to_have_text("Spoed")
    desk.wait_until_live(page)
    with desk.live.app.app_context(), transaction() as session:
        found = sa.select(Thread.id).where(Thread.brand_id == desk.brand_id).limit(1).scalar_subquery()
        session.execute(sa.update(Thread).where(Thread.id == found).values(priority=Priority.URGENT))
    desk.customer_writes("Nog iets")
    expect(mine.locator(".nav__count")).to_have_text("1")
    expect(page.locator("a[data-row]")).to_have_count(1)
    page.goto("/inbox/views")
    assert_accessible(page)


def test_what_arrives_while_one_reads_on_waits_in_a_bar(page: Page, desk: Desk) -> None:
    fill_inbox(desk, 40)
    desk.sign_in(page)
    desk.wait_until_live(page)
    rows = page.locator("a[data-row]")
    expect(rows).to_have_count(30)
    rows.first.hover()
    page.mouse.wheel(0, 10_000)  # further rows come by scrolling alone
    expect(rows).to_have_count(40)
    page.evaluate(LISTEN)
    first = rows.first.get_attribute("href")
    for number in (1, 2):
        desk.customer_writes(f"Nieuw {number}", number=f"3160000{number}{new_id().int % 1000:03}", name=f"Nieuwe klant {number}")
    bar = page.locator("[data-fresh]")
    expect(bar).to_have_text("2 new")
    page.wait_for_function("() => window.said.some((words) => words.includes('new at the top of the list'))")
    assert rows.first.get_attribute("href") == first
    expect(rows).to_have_count(40)
    bar.focus()
    page.keyboard.press(".")
    expect(bar).to_be_hidden()
    expect(rows).to_have_count(42)
    expect(rows.first).to_contain_text("Nieuwe klant")
    expect(rows.first).to_be_focused()


@pytest.mark.full
def test_a_kept_search_is_offered_and_a_view_shows_its_columns(page: Page, desk: Desk) -> None:
    fill_inbox(desk, 1)
    with desk.live.app.app_context(), transaction() as session:
        session.execute(sa.update(Thread).where(Thread.brand_id == desk.brand_id).values(tags=["retour"]))
    desk.sign_in(page, to="/search?q=tag:retour")
    page.locator("main [data-key=v]").click()
    page.locator("#save-search-name").fill("Teruggestuurd")
    page.keyboard.press("Enter")
    expect(page.locator(".rail .nav__item[aria-current]")).to_have_text("Teruggestuurd")
    page.locator("#search-q").fill("terug")
    expect(page.get_by_role("option", name="tag:retour Teruggestuurd")).to_be_visible()
    assert_accessible(page)
    page.goto("/inbox?tag=retour")
    expect(page.locator("a[data-row] .thread-row__tags")).to_be_visible()
    page.locator(".list-head [data-key=v]").click()
    page.locator("#save-view-name").fill("Klussen")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/inbox/views/[0-9a-f-]+$"))
    page.goto(f"{page.url}/edit")
    shown = page.locator(".view-columns .thread-row__meta > :visible")
    before = shown.count()
    for words in ("Tags", "Assignee", "Status", "Brand"):
        page.get_by_label(words, exact=True).uncheck()
    expect(shown).to_have_count(before - 4)
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("a[data-row]")).to_have_count(1)
    expect(page.locator("a[data-row] .thread-row__tags")).to_be_hidden()


def names(page: Page) -> list[str]:
    return page.locator(".views-list__name").all_inner_texts()


@pytest.mark.full
def test_views_are_put_in_order_by_keys_menu_and_mouse_and_the_rail_follows(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    for name in ("Een", "Twee", "Drie"):
        page.goto("/inbox?priority=urgent")
        desk.wait_until_live(page)
        page.keyboard.press("v")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/inbox/views/[0-9a-f-]+$"))
    page.goto("/inbox/views")
    desk.wait_until_live(page)
    assert_accessible(page)
    rail = page.locator("#rail-views .nav__item", has_text=re.compile("^(Een|Twee|Drie)"))
    link = page.get_by_role("main").get_by_role("link", name="Een", exact=True)
    link.focus()
    page.evaluate(LISTEN)
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(rail).to_have_text(["Twee", "Drie", "Een"])
    expect(link).to_be_focused()
    page.wait_for_function("() => window.said.some((words) => words.includes('Een is now in position 3 of 3'))")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("main").get_by_role("link", name="Drie", exact=True)).to_be_focused()
    page.get_by_label("Move Drie").focus()
    page.keyboard.press("Enter")
    assert_accessible(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(rail).to_have_text(["Drie", "Twee", "Een"])
    expect(page.get_by_label("Move Drie")).to_be_focused()
    last, first = page.locator("[data-view]", has_text="Een"), page.locator("[data-view]", has_text="Drie")
    last.drag_to(first, target_position={"x": 60, "y": 4})
    expect(rail).to_have_text(["Een", "Drie", "Twee"])
    assert names(page) == ["Een", "Drie", "Twee"]
    page.reload()
    assert names(page) == ["Een", "Drie", "Twee"]


def test_tasks_among_threads_are_switched_on_completed_and_kept_with_a_view(page: Page, desk: Desk) -> None:
    fill_inbox(desk, 2)
    desk.sign_in(page, to="/tasks")
    desk.wait_until_live(page)
    for title in ("Onderdeel bestellen", "Klant bellen"):
        add(page, title)
    page.goto("/inbox")
    desk.wait_until_live(page)
    rows = page.locator("a[data-row]")
    expect(rows).to_have_count(2)
    page.locator(".list-head__order").focus()
    page.keyboard.press("Enter")
    assert_accessible(page)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("tasks=mine"))
    desk.wait_until_live(page)
    expect(rows).to_have_count(4)
    assert_accessible(page)
    page.evaluate("window.notReloaded = true")
    page.get_by_role("button", name="Complete: Onderdeel bestellen").focus()
    page.keyboard.press("Enter")
    expect(rows).to_have_count(3)
    expect(page.locator("a[data-row]:focus")).to_have_count(1)
    assert page.evaluate("window.notReloaded")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(4)
    page.locator("#thread-pane").hover()  # under a pointer a list only counts what is new
    desk.customer_writes("Vraag van buiten", number=f"31600001{new_id().int % 1000:03}", name="Nieuwe klant")
    expect(rows).to_have_count(5)
    page.keyboard.press("v")
    page.keyboard.type("Vandaag")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/inbox/views/[0-9a-f-]+$"))
    expect(rows).to_have_count(5)
    page.locator(".chip", has_text="With my tasks").click()
    expect(rows).to_have_count(3)


def tagged_threads(desk: Desk, tags: list[str]) -> None:
    with desk.live.app.app_context(), transaction() as session:
        channel = session.get_one(Channel, desk.channel_id)
        contact = make_contact(session, "Pieter van Dam", value=desk.number)
        for number, tag in enumerate(tags):
            at = utc_now() - timedelta(minutes=number + 1)
            thread = make_thread(session, channel, contact, at=at)
            make_message(session, thread, f"Vraag {number}", at=at)
            change_tags(session, thread_id=thread.id, add=(tag,), actor=SYSTEM, now=utc_now())


@pytest.mark.parametrize("width", [pytest.param(1440, marks=pytest.mark.full), 390])
def test_a_filter_is_found_by_its_name(page: Page, desk: Desk, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    tagged_threads(desk, ["zonnepanelen", "retour", *(f"label {number}" for number in range(20))])
    desk.sign_in(page)
    wait_until_bound(page)
    menu = page.locator(".list-head details.menu").first
    menu.locator("summary").focus()
    page.keyboard.press("ArrowDown")
    field = page.get_by_role("searchbox", name="Find a filter")
    expect(field).to_be_focused()
    panel = menu.locator(".menu__panel").bounding_box()
    assert panel is not None
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= width
    page.keyboard.type("zonne")
    found = menu.locator(".menu__item:visible")
    expect(found).to_have_text(["zonnepanelen"])  # it came a moment after the menu opened
    expect(menu.locator(".menu__title:visible")).to_have_text(["Tag"])
    assert_accessible(page)
    field.fill("nobody calls it so")
    expect(found).to_have_count(0)
    expect(menu.get_by_role("status")).to_have_text("No filter has this name.")
    field.fill("zonne")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/inbox\?tag=zonnepanelen$"))
    expect(page.locator("a[data-row]")).to_have_count(1)
    expect(page.locator(".chip--filter")).to_contain_text("zonnepanelen")

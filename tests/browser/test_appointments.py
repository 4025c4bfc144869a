"""An appointment is planned, moved and cancelled by keys, in the dialog beside its thread, and on the planner of a day."""

from __future__ import annotations

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel
from app.domain.field.actions import NewAction, take_action
from app.domain.field.models import ActionKind
from app.domain.threads.models import Thread
from tests.browser.conftest import Desk
from tests.browser.pushes import asks_again
from tests.domain.appointments.factories import make_appointment
from tests.factories import make_contact, make_thread, make_user
from tests.support.browsing import Browsing, assert_accessible

pytestmark = pytest.mark.browser
PLACE = ZoneInfo("Europe/Amsterdam")


def test_a_visit_is_planned_moved_and_cancelled_by_keys(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    desk.wait_until_live(page)
    desk.open_thread(page, "Kunt u langskomen?")
    block = page.locator("#thread-appointments")
    expect(block).to_contain_text("No appointment yet.")
    page.locator("#thread-head h1").click()
    page.keyboard.press("p")
    title = page.locator("#appointment-place #field-title")
    expect(title).to_be_focused()
    assert_accessible(page)
    page.keyboard.type("Schouw")
    page.locator("#appointment-place #field-date").fill("2031-01-13")
    page.locator("#appointment-place #field-time").fill("09:00")
    page.locator("#appointment-place #field-time").press("Enter")
    expect(page.locator(".toast")).to_contain_text("Planned: Mon 13 Jan 09:00–11:00")
    expect(page.locator("#appointment-place dialog")).to_have_count(0)
    expect(block).to_contain_text("We will send the reminder on Sun 12 Jan 09:00")
    expect(page.locator("#timeline")).to_contain_text("planned an appointment")
    block.get_by_role("link", name="Move").press("Enter")
    page.locator("#appointment-place #field-time").fill("")
    page.locator("#appointment-place #field-time").fill("13:00")
    # What stands around the dialog is brought up to date only after it: a colleague plans a visit meanwhile.
    page.evaluate("document.body.addEventListener('appointments-changed', () => { document.body.dataset.heard = ''; })")
    with desk.live.app.app_context(), transaction() as session:
        thread = session.execute(sa.select(Thread).where(Thread.brand_id == desk.brand_id)).scalar_one()
        make_appointment(session, thread, now=utc_now(), title="Keuring")
    expect(page.locator("body[data-heard]")).to_be_visible()
    expect(block).not_to_contain_text("Keuring")
    page.locator("#appointment-place #field-time").press("Enter")
    expect(block).to_contain_text("13:00–15:00")
    expect(block).to_contain_text("Keuring")
    block.get_by_role("button", name="Cancel appointment · Schouw").press("Enter")
    expect(block).to_contain_text("Cancelled")
    page.locator(".toast").last.get_by_role("button", name="Undo").press("Enter")
    expect(block.get_by_role("link", name="Move · Schouw")).to_be_visible()
    block.get_by_role("link", name="Schouw", exact=True).press("Enter")
    expect(page.locator("h1")).to_have_text("Schouw")
    page.set_viewport_size({"width": 390, "height": 800})
    assert_accessible(page)
    page.goto(f"{desk.live.url}/absences")
    assert_accessible(page)


def test_the_planner_moves_visits_by_mouse_and_keys_and_shows_what_a_phone_reports(browsing: Browsing, desk: Desk) -> None:
    tomorrow = (utc_now().astimezone(PLACE) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    with desk.live.app.app_context(), transaction() as session:
        session.execute(sa.update(User).where(User.email == desk.email("alice")).values(role=Role.LEAD))
        brand, channel = session.get_one(Brand, desk.brand_id), session.get_one(Channel, desk.channel_id)
        tim, tess = (make_user(session, f"{name} {desk.name}", role=Role.TECHNICIAN, brands=(brand,)) for name in ("Tim", "Tess"))
        visits = []
        for number, name in enumerate(("Pieter van Dam", "Anna Bos")):
            thread = make_thread(session, channel, make_contact(session, name, value=f"{desk.number}{number}"), at=utc_now())
            begin = tomorrow.replace(hour=10 + number)
            visits.append(make_appointment(session, thread, now=utc_now(), starts_at=begin, technician_user_id=tim.id).id)
        people = {"tim": tim.id, "tess": tess.id}
    page = browsing.new_page(viewport={"width": 1440, "height": 900})
    desk.sign_in(page, to=f"/planner?date={tomorrow.date()}")
    desk.wait_until_live(page)
    plan = page.locator("#day-plan")
    line = {name: plan.locator(f"[data-person='{user_id}']") for name, user_id in people.items()}
    anna = plan.locator(f"[data-block='{visits[1]}']")
    assert_accessible(page)
    listens = page.locator("#day-plan[data-listens]")  # a plan that was just fetched hears keys a moment after it is seen
    listens.locator("[data-trouble][aria-label^='Anna']").press("2")  # both at once: the second way out is Tess
    expect(line["tess"].locator("[data-block]")).to_contain_text("11:00–13:00")
    expect(plan.locator("[data-trouble]")).to_have_count(0)
    expect(listens).to_be_visible()
    anna.hover()
    page.mouse.down()
    assert asks_again(page, "appointments-changed") is False  # else a drag is lost if the plan changes just when it begins
    page.mouse.up()
    # Asked in one step: the news of the change above may swap the plan between finding the line and measuring it.
    wide = page.evaluate(f"document.querySelector('[data-person=\"{people['tim']}\"] [data-line]').clientWidth")
    anna.drag_to(line["tim"].locator("[data-line]"), target_position={"x": wide * (15 - 7) / 12 + 2, "y": 20})
    expect(line["tim"].locator(f"[data-block='{visits[1]}']")).to_contain_text("15:00–17:00")
    expect(listens).to_be_visible()
    anna.press("m")
    anna.press("ArrowRight")
    anna.press("Enter")
    expect(anna).to_contain_text("15:15–17:15")
    expect(listens).to_be_visible()
    anna.press("Backspace")
    expect(plan.locator(".planner__side [data-block]")).to_contain_text("Anna Bos")
    page.locator(".toast__undo").last.click()
    expect(line["tim"].locator(f"[data-block='{visits[1]}']")).to_contain_text("15:15–17:15")
    with desk.live.app.app_context(), transaction() as session:
        who = viewer_of(session, session.get_one(User, people["tim"]))
        told = NewAction(uuid.uuid4(), uuid.uuid4(), visits[0], ActionKind.STEP, {"to": "on_the_way"}, utc_now())
        assert take_action(session, told, viewer=who, now=utc_now()).outcome == "applied"
    expect(plan.locator(f"[data-block='{visits[0]}']")).to_contain_text("On the way")

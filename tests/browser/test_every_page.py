"""The pages of the demo: nothing for axe to find, nothing sticks out sideways. One of each kind in one look; in a full run every
page in every look."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_id
from app.domain.accounts.models import User
from app.domain.connections.models import Channel, ChannelType
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.mailbox_models import Reconciliation
from app.domain.threads.sorting import ListSort
from app.domain.threads.triage_models import BulkAction
from app.domain.threads.view_models import SavedView, ViewScope
from tests.browser.demo import ADMIN
from tests.browser.looking import LANGUAGES, Eyes, look_for, show
from tests.browser.scenes import ANSWERED, ROW
from tests.support.browsing import Browsing
from tests.support.full import IS_FULL
from tests.support.live import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]  # a busy machine takes many times as long

# One of each kind of page: of lists, boards, forms of each part of the application, and what only one page has.
PAGES = (
    "/inbox",
    "/inbox/more-filters",
    "/inbox/overdue",
    "/search?q=laadpaal",
    "/tasks",
    "/tasks/board",
    "/tasks/calendar",
    "/tickets/new",
    "/contacts",
    "/orders",
    "/orders/new",
    "/orders/board",
    "/mailings/new",
    "/analytics",
    "/analytics/list?m=received",
    "/notifications",
    "/settings/profile",
    "/settings/sidebar",
    "/settings/notifications",
    "/settings/security",
    "/planner",
    "/settings/articles",
    "/settings/people",
    "/settings/roles",
    "/settings/brands/new",
    "/settings/channels",
    "/settings/channels/usage",
    "/settings/channels/new",
    "/settings/channels/new?kind=email_outlook",
    "/settings/partners/new",
    "/settings/integrations",
    "/settings/webhooks/new",
    "/settings/deliveries",
    "/settings/templates/new",
    "/settings/calendars/new",
    "/settings/policies/new",
    "/settings/macros/new",
    "/settings/routing/new",
    "/settings/automation/new",
    "/queue",
    "/simulator",
    "/nowhere",
)
# Pages made of what those are made of.
ALIKE = (
    "/inbox/tasks",
    "/inbox?sort=due&tasks=mine",
    "/inbox/teams",
    "/inbox/views",
    "/inbox/snoozed",
    "/search",
    "/search?q=nothinghasthis",
    "/contacts/new",
    "/absences",
    "/mailings",
    "/analytics/orders",
    "/analytics/costs",
    "/analytics/targets",
    "/analytics/schedules/new",
    "/settings/tokens",
    "/settings/checklists",
    "/settings/people/new",
    "/settings/brands",
    "/settings/teams/new",
    "/settings/managers",
    "/settings/suppressions",
    "/settings/channels/new?kind=whatsapp_business",
    "/settings/channels/new?kind=email_outlook/signed_in",
    "/settings/channels/new?kind=email",
    "/settings/partners",
    "/settings/integrations/new?provider=fillout",
    "/settings/integrations/new?provider=make",
    "/settings/webhooks",
    "/settings/events",
    "/settings/templates",
    "/settings/auto-replies",
    "/settings/calendars",
    "/settings/policies",
    "/settings/teams-cards",
    "/settings/macros",
    "/settings/routing",
    "/settings/routing/people",
    "/settings/automation",
    "/availability",
    "/simulator/received",
    "/simulator/phone",
    "/simulator/forms",
    "/simulator/providers",
)
# A page, the first link on it that is meant, and what else there is under the address that link leads to.
BEHIND = (
    ("/inbox/email", ANSWERED, ("", "?kind=call", "/split", "/tasks", "/link-order")),
    ("/inbox/whatsapp", ROW, ("",)),
    ("/contacts", ROW, ("", "/edit")),
    ("/tasks?who=all", ROW, ("",)),
    ("/orders", ROW, ("",)),
    ("/settings/channels", ".settings__two a", ("",)),
    ("/settings/channels", ".settings__two a:has-text('WhatsApp')", ("/templates",)),
    ("/settings/routing", "td a", ("/trial",)),
    ("/settings/automation", "td a", ("/dry-run",)),
    ("/settings/auto-replies", "td a", ("",)),
    ("/settings/webhooks", ".settings__two a", ("",)),
)
BEHIND_ALIKE = (
    ("/inbox/email", ANSWERED, ("?kind=note", "/merge", "/clocks", "/teams", "/macros", "/templates")),
    ("/inbox/email", ANSWERED, ("/customer?q=jan", "/partner", "/customer-facts")),
    ("/contacts", ROW, ("/calls", "/merge")),
    ("/orders", ROW, ("/tasks", "/comments")),
    ("/settings/people", ".settings__two a", ("",)),
    ("/settings/channels", ".settings__two a", ("/edit",)),
    ("/settings/channels", ".settings__two a:has-text('WhatsApp')", ("",)),
    ("/settings/channels", ".settings__two a:has-text('e-mail')", ("/folders",)),
    ("/settings/templates", ".settings__two a", ("",)),
    ("/settings/macros", "td a", ("",)),
    ("/settings/routing", "td a", ("",)),
    ("/settings/automation", "td a", ("", "/log")),
    ("/settings/routing/people", "td a", ("",)),
    ("/settings/auto-replies", "td a", ("/trial", "/trial?when=closed")),
    ("/settings/calendars", "td a", ("",)),
    ("/settings/policies", "td a", ("",)),
    ("/settings/webhooks", ".settings__two a", ("/deliveries", "/replay")),
)
OF_A_MESSAGE = ("/forward", "/details", *(("/original",) if IS_FULL else ()))


@pytest.mark.parametrize("path", [*PAGES, *(pytest.param(path, marks=pytest.mark.full) for path in ALIKE)])
def test_a_page_is_accessible_and_fits(admin_eyes: Eyes, path: str) -> None:
    assert admin_eyes.look_at(path) == []


@pytest.mark.parametrize(
    ("path", "link", "tails"), [*BEHIND, *(pytest.param(*behind, marks=pytest.mark.full) for behind in BEHIND_ALIKE)]
)
def test_what_is_behind_a_page_is_accessible_and_fits(admin_eyes: Eyes, path: str, link: str, tails: tuple[str, ...]) -> None:
    behind = admin_eyes.link(path, link)
    assert [fault for tail in tails for fault in admin_eyes.look_at(behind + tail)] == []


def test_what_is_known_of_a_message_is_accessible_and_fits(admin_eyes: Eyes) -> None:
    thread = admin_eyes.link("/inbox/email", ANSWERED)
    about = admin_eyes.link(thread, ".message__tools a[href*='/details']").removesuffix("/details")
    assert [fault for tail in OF_A_MESSAGE for fault in admin_eyes.look_at(about + tail)] == []


def test_the_story_of_a_delivery_is_accessible_and_fits_and_is_reached_by_keys(admin_eyes: Eyes) -> None:
    page = admin_eyes.page
    page.goto("/settings/webhooks")
    page.locator("td a:has-text('Deliveries')").first.click()
    page.wait_for_selector("h1:has-text('Deliveries')")
    log = page.url
    with page.expect_navigation():
        page.get_by_role("button", name="Send a test event").click()
    page.goto(log)  # until everything is loaded: keys are heard once the scripts of the page have run
    page.wait_for_selector(".callback-row")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".callback__event")
    assert admin_eyes.look_at(page.url) == []


def test_what_only_comes_with_time_is_accessible_and_fits(demo: LiveServer, admin_eyes: Eyes) -> None:
    """An event that was put aside, a view of one's own, a change to many threads."""
    now = utc_now()
    with demo.app.app_context(), transaction() as session:
        admin = session.execute(sa.select(User).where(User.email == ADMIN)).scalar_one()
        raw = RawEvent(source="email_inbound", dedupe_key="aside", body=b"x", channel_id=None, quarantine_reason="not a mail")
        event_id = store_event(session, raw)
        bulk = BulkAction(id=new_id(), user_id=admin.id, change={"kind": "status", "to": "closed"}, total=3, created_at=now)
        view = SavedView(id=new_id(), name="Retouren", owner_user_id=admin.id, filters={}, position=1, created_at=now)
        view.scope, view.sort, view.updated_at = ViewScope.PRIVATE, ListSort.NEWEST, now
        session.add_all([bulk, view])
        paths = (f"/settings/events/{event_id}", f"/inbox/views/{view.id}/edit", f"/bulk/{bulk.id}")
    assert [fault for path in paths for fault in admin_eyes.look_at(path)] == []


def test_a_mailbox_that_is_and_was_counted_is_accessible_and_fits(demo: LiveServer, admin_eyes: Eyes) -> None:
    now = utc_now()
    told = [{"kind": "missing", "folder": "inbox", "subject": "Laadpaal " * 20, "at": ""}]
    found = {"missing": 1, "fetched": 1, "moved": 1, "deleted": 0, "left": 0, "unread": 2, "differences": told}
    found |= {"there": {"inbox": 12, "sentitems": 3}, "here": {"inbox": 12, "sentitems": 3}}
    with demo.app.app_context(), transaction() as session:
        outlook = sa.select(Channel.id).where(Channel.channel_type == ChannelType.EMAIL_OUTLOOK).limit(1)
        mailbox = session.execute(outlook).scalar_one()
        session.execute(sa.delete(Reconciliation))
        ended = {"channel_id": mailbox, "state": "done", "attempts": 1, "ended_at": now, "created_at": now, "progress": {}}
        session.add_all(Reconciliation(id=new_id(), result=found, **ended) for _ in range(2))
        later = now + timedelta(days=1)  # it stays under way while it is looked at
        doing = {"phase": "list inbox", "listed": {"inbox": 4}, "total": 12}
        waiting = {"channel_id": mailbox, "state": "ready", "attempts": 1, "created_at": now, "run_at": later, "result": {}}
        session.add(Reconciliation(id=new_id(), progress=doing, **waiting))
    assert admin_eyes.look_at(f"/settings/channels/{mailbox}") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sign_in_page_is_accessible_and_fits(demo_browsing: Browsing, language: str) -> None:
    assert Eyes(demo_browsing.new_page(locale=language), languages=(language,)).look_at("/sign-in") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_channels_fits_between_wide_and_narrow(admin_eyes: Eyes, language: str) -> None:
    admin_eyes.page.set_viewport_size({"width": 1024, "height": 900})
    admin_eyes.speak(language)
    show(admin_eyes.page, "/settings/channels")
    parts = "[document.documentElement, document.querySelector('.table-wrap')]"
    assert admin_eyes.page.evaluate(f"{parts}.map((one) => one.scrollWidth - one.clientWidth)") == [0, 0]
    admin_eyes.speak(LANGUAGES[0])


def test_each_width_scheme_and_language_is_looked_at_on_several_pages() -> None:
    times = Counter(value for path in PAGES for value in look_for(path))
    assert len(times) == 2 + 2 + 3
    assert min(times.values()) >= 8

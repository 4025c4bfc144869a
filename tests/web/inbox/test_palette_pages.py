"""The palette knows every page: whatever a page of the application is at an address of its own is found by its words."""

from __future__ import annotations

import re
import string

from flask import Flask
from sqlalchemy.orm import Session

from app.domain.accounts.models import Role
from tests.web.inbox.test_pages import Desk, desk

__all__ = ["desk"]

ELSEWHERE = re.compile(
    r"^/(dev|healthz|readyz|metrics|portal|setup|sign-in|sign-out|forgotten-password|simulator|static|live|api|docs|field|partners|webhooks)\b"
    r"|/export$|\.(csv|js|json|txt|ico|webmanifest|yaml|xml)$"
)
"""What has no reader who is signed in as a colleague, or is no page."""
PARTS = {
    *("/", "/rail", "/palette", "/search/suggestions", "/inbox/views/counts", "/notifications/count", "/inbox/more-filters"),
    "/addresses/suggestions",
    *("/inbox/teams", "/bulk/about", "/bulk/count", "/bulk/macros", "/bulk/people", "/bulk/tags", "/analytics/list"),
    *("/settings", "/settings/channels/consent", "/settings/channels/sign-in", "/settings/notifications/key"),
    *("/settings/first-steps", "/analytics/schedules/new", "/today", "/visits/messages", "/visits/queue"),
}
"""Parts of pages, what needs to be told what it is about, where a provider comes back to, a checklist, a technician's phone."""


def _pages(app: Flask) -> set[str]:
    rules = (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments)
    return {rule.rule for rule in rules if not ELSEWHERE.search(rule.rule)} - PARTS


def _found(desk: Desk) -> set[str]:
    texts = (desk.client.get(f"/palette?q={letter}").text for letter in ("", *string.ascii_lowercase))
    return {href.replace("&amp;", "&") for text in texts for href in re.findall(r'href="([^"#]+)"', text)}


def test_every_page_at_an_address_of_its_own_is_in_the_palette(desk: Desk, db_session: Session) -> None:
    desk.alice.role = Role.ADMIN
    db_session.commit()
    assert sorted(_pages(desk.app) - _found(desk)) == []


def test_nobody_is_led_to_a_page_they_may_not_open(desk: Desk) -> None:
    refused = {href: status for href in sorted(_found(desk)) if (status := desk.client.get(href).status_code) >= 400}
    assert refused == {}

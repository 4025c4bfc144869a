"""Build the menu of the settings. Each entry is a `Door` and has its pages as tabs.

A tab is left out if the user may not open its page. An entry without tabs is left out, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.core.db import db
from app.domain.accounts.permissions import Permission
from app.domain.accounts.views import Door, Link
from app.domain.brands.first_steps import read_first_steps

Pages = Sequence[Link | None]


def settings_doors() -> list[list[Door]]:
    """Return the menu entries that the signed-in user may open, in groups. The tab of the current page is marked as current."""
    if current_user.may(Permission.PORTAL_OWN):
        return [[_you()]]
    groups: list[Sequence[Door | None]] = [
        [_first_steps()],
        _reached_and_reaching(),
        _working(),
        [_problems(), _api()],
        [_you()],
    ]
    return [kept for group in groups if (kept := [door for door in group if door and door.pages])]


def open_door() -> Door | None:
    """Return the menu entry that has the current page as a tab.

    Return None if the current page is below a tab, or if its entry has only one tab.
    """
    doors = (door for group in settings_doors() for door in group)
    is_tab = (door for door in doors if len(door.pages) > 1 and any(page.href == request.path for page in door.pages))
    return next(is_tab, None)


def _first_steps() -> Door | None:
    if not current_user.may(Permission.BRANDS_MANAGE):
        return None
    steps = read_first_steps(db.session(), current_user.user_id)
    if not steps.left or steps.is_hidden:
        return None
    words = ngettext("First steps: %(num)s left", "First steps: %(num)s left", steps.left)
    return _door(words, "circle-check", [_page(words, "accounts.first_steps")])


def _reached_and_reaching() -> list[Door]:
    channels = (
        _page(
            _("Channels"),
            "connections.channels",
            Permission.CHANNELS_SEE,
            _("mailbox email e-mail WhatsApp SMS phone credentials connect"),
        ),
        _page(
            _("Automatic answers"),
            "auto_replies.channels",
            Permission.AUTO_REPLIES_MANAGE,
            _("automatic answers outside opening hours away"),
        ),
        _page(_("Usage"), "usage.usage", Permission.CHANNELS_SEE, _("messages sent received limit per day")),
    )
    integrations = (
        _page(_("Integrations"), "integrations.integrations", Permission.INTEGRATIONS_MANAGE, _("Xero accounting shop connect")),
        _page(_("Partners"), "partners.partners", Permission.PARTNERS_MANAGE, _("commission products keys")),
        _page(_("Microsoft Teams"), "notifications.teams_cards", Permission.TEAM_CARDS_MANAGE, _("cards channel notifications")),
    )
    people = (
        _page(_("People"), "accounts.people", Permission.PEOPLE_SEE, _("colleagues roles invite")),
        _page(_("Roles"), "accounts.roles", Permission.PEOPLE_SEE, _("permissions rights may access who")),
        _page(_("Capacity"), "routing.workers", Permission.CAPACITY_MANAGE, _("who takes threads availability skills agents")),
        _page(_("Managers"), "accounts.managers", Permission.PEOPLE_MANAGE, _("escalation management")),
    )
    brands = _page(
        _("Teams and brands"), "accounts.brands", Permission.PEOPLE_SEE, _("signature order prefix colour language members logo")
    )
    return [
        _door(_("Channels"), "link", channels),
        _door(_("Integrations"), "plug", integrations),
        _door(_("Teams and brands"), "building", [brands]),
        _door(_("People"), "users", people),
    ]


def _working() -> list[Door]:
    times = (
        _page(
            _("Response times"),
            "sla.policies",
            Permission.SLA_MANAGE,
            _("SLA policy deadline escalation answer times first next response"),
        ),
        _page(_("Opening hours"), "sla.calendars", Permission.SLA_MANAGE, _("business calendars holidays closed")),
    )
    writing = (
        _page(_("Templates"), "reply_templates.templates", Permission.THREADS_SEE, _("replies snippets texts")),
        _page(_("Macros"), "inbox.macros", Permission.THREADS_SEE, _("steps at once")),
    )
    automation = (
        _page(_("Automation"), "automation.rules", Permission.RULES_MANAGE, _("rules triggers actions tags")),
        _page(_("Surveys"), "surveys.surveys", Permission.SURVEYS_MANAGE, _("survey satisfaction CSAT NPS")),
    )
    articles = (
        _page(_("Articles"), "orders.articles", Permission.ARTICLES_MANAGE, _("products prices")),
        _page(_("Checklists"), "field.checklists", Permission.VISITS_PLAN, _("technicians visits")),
        _page(_("Orders and money"), "orders.settings", Permission.BRANDS_MANAGE, _("currency taxes VAT statuses steps limits")),
    )
    return [
        _door(
            _("Routing"),
            "merge",
            [_page(_("Routing"), "routing.rules", Permission.ROUTING_MANAGE, _("rules assign queue teams"))],
        ),
        _door(_("Automation"), "bot", automation),
        _door(_("Response times"), "clock", times),
        _door(_("Templates and macros"), "file-text", writing),
        _door(_("Orders and articles"), "list", articles),
    ]


def _problems() -> Door:
    pages = (
        _page(
            _("Undelivered messages"),
            "deliveries.stuck",
            Permission.DELIVERIES_MANAGE,
            _("stuck deliveries failed not sent bounced"),
        ),
        _page(
            _("Blocked recipients"),
            "suppressions.suppressions",
            Permission.DELIVERIES_MANAGE,
            _("stopped addresses unsubscribed bounces"),
        ),
        _page(_("Events"), "quarantine.events", Permission.EVENTS_MANAGE, _("rejected wrong signature inbound")),
    )
    return _door(_("Delivery problems"), "hourglass", pages)


def _api() -> Door:
    pages = (
        _page(_("Webhooks"), "callbacks.webhooks", Permission.INTEGRATIONS_MANAGE, _("endpoints deliveries secret")),
        _page(_("API tokens"), "accounts.tokens", None, _("keys developer")),
    )
    return _door(_("API"), "webhook", pages)


def _you() -> Door:
    own = (
        _page(_("Profile"), "accounts.profile", None, _("theme dark light language time zone density undo send keys name")),
        _page(_("Sidebar"), "inbox.sidebar", Permission.THREADS_SEE, _("rail order hide channels views")),
        _page(_("Password and sessions"), "accounts.security", None, _("devices sign out")),
    )
    if current_user.may(Permission.PORTAL_OWN):
        return _door(_("You"), "user", own)
    colleagues = (
        _page(_("Notifications"), "notifications.preferences", None, _("quiet hours push digest sound")),
        _page(_("Absences"), "appointments.absences", None, _("holiday away leave")),
    )
    return _door(_("You"), "user", [*own, *colleagues])


def _page(label: str, endpoint: str, needs: Permission | None = None, words: str = "") -> Link | None:
    """Return a tab, or None if the user may not open its page. `words`: more words that find the page in the command palette."""
    if needs is not None and not current_user.may(needs):
        return None
    return Link(label, url_for(endpoint), "", False, words)


def _door(label: str, icon: str, pages: Pages) -> Door:
    """Return a menu entry. Its current tab is the tab with the longest path that the request's path begins with."""
    shown = [page for page in pages if page is not None]
    under = [page.href for page in shown if request.path == page.href or request.path.startswith(f"{page.href}/")]
    deepest = max(under, key=len, default="")
    marked = tuple(replace(page, icon=icon, current=page.href == deepest) for page in shown)
    return Door(label, icon, marked)

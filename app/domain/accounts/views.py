"""Describe accounts in words: browsers, roles, scopes, the menu of the settings. No database."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask_babel import gettext

from app.domain.accounts.models import Role


@dataclass(frozen=True)
class Link:
    label: str
    href: str
    icon: str
    current: bool
    words: str = ""  # what else it is looked for by


@dataclass(frozen=True)
class Door:
    """An entry of the settings menu with its pages. A click on it opens the first page."""

    label: str
    icon: str
    pages: tuple[Link, ...]

    @property
    def current(self) -> bool:
        return any(page.current for page in self.pages)

    @property
    def words(self) -> str:
        """Return the text a search of the menu looks in: the names of the entry and its pages, and the pages' search words."""
        return " ".join([self.label, *(f"{page.label} {page.words}" for page in self.pages)])


def _(message: str, **values: object) -> str:
    return str(gettext(message, **values))


def role_words(role: str) -> str:
    words = {
        Role.AGENT: _("Agent"),
        Role.LEAD: _("Team lead"),
        Role.MANAGER: _("Manager"),
        Role.TECHNICIAN: _("Technician"),
        Role.READ_ONLY: _("Read only"),
        Role.PARTNER: _("Partner"),
        Role.ADMIN: _("Administrator"),
    }
    return words[Role(role)]


def role_hints() -> dict[str, str]:
    return {
        Role.AGENT: _(
            "Reads and answers the threads of their brands, and works on the tasks, orders and visits of these brands."
        ),
        Role.LEAD: _(
            "Like an agent, and also manages the daily work: routing, automation, templates, planner and failed messages."
        ),
        Role.MANAGER: _(
            "Like an agent, and also works with the figures: analytics, targets, shared reports, surveys and workload."
        ),
        Role.TECHNICIAN: _("Sees only their own visits and the threads about these visits."),
        Role.READ_ONLY: _("Reads everything in their brands but changes nothing."),
        Role.ADMIN: _("Like a team lead and a manager, and also manages people, channels and settings. Sees every brand."),
    }


def scope_hints() -> dict[str, str]:
    return {
        "threads:read": _("Read threads and messages"),
        "threads:write": _("Reply, add notes, assign threads and change their status"),
        "contacts:read": _("Read contacts"),
        "contacts:write": _("Add and change contacts"),
        "tasks:read": _("Read tasks"),
        "tasks:write": _("Add, change and complete tasks"),
        "orders:read": _("Read orders"),
        "orders:write": _("Add and change orders"),
        "partners:read": _("Read partners and their keys"),
        "partners:write": _("Add and change partners and their keys"),
        "appointments:read": _("Read appointments"),
        "appointments:write": _("Plan and change appointments"),
        "templates:read": _("Read templates"),
        "templates:write": _("Add, change and archive templates"),
        "channels:read": _("List channels and their health"),
        "channels:write": _("Connect and change channels"),
        "brands:read": _("List brands"),
        "brands:write": _("Add, change and archive brands"),
        "users:read": _("List colleagues and teams"),
        "users:write": _("Add and change colleagues and teams"),
        "search:read": _("Search"),
        "webhooks:read": _("Read webhooks and the outcome of their events"),
        "webhooks:write": _("Add and change webhooks, and send events again"),
        "reports:read": _("Read the figures in reports"),
    }


# The first that fits wins: Edge and Opera call themselves Chrome, Chrome calls itself Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """Return the name of a browser, such as "Firefox on Windows". For an unknown browser return its shortened user agent."""
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in user_agent), "")
    browser = browser or ("Safari" if re.search(r"Version/.+Safari/", user_agent) else "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or user_agent[:60] or _("Unknown browser")

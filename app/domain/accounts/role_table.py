"""Describe permissions in words, for the page of roles and for the refusal of a request. No database."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext

from app.domain.accounts.models import Role
from app.domain.accounts.permissions import Permission, role_may
from app.domain.accounts.views import role_words


@dataclass(frozen=True)
class PermissionRow:
    """One permission in words. `held` says for each role, in the order of `list_role_columns`, whether the role has it."""

    permission: Permission
    words: str
    held: tuple[bool, ...]


@dataclass(frozen=True)
class PermissionGroup:
    heading: str
    rows: tuple[PermissionRow, ...]


_COLUMNS = (Role.READ_ONLY, Role.TECHNICIAN, Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMIN, Role.PARTNER)


def _(message: str) -> str:
    return str(gettext(message))


def list_role_columns() -> list[str]:
    """List the names of the roles, from the fewest permissions to the most; the role partner comes last."""
    return [role_words(role) for role in _COLUMNS]


def list_permission_groups() -> list[PermissionGroup]:
    """List all permissions in words, in the groups daily work, team management and settings."""
    groups = ((_("Daily work"), daily_words()), (_("Team management"), leading_words()), (_("Settings"), settings_words()))
    return [PermissionGroup(heading, tuple(_row(one, text) for one, text in words.items())) for heading, words in groups]


def permission_words(permission: Permission) -> str:
    """Return what a permission allows, in words that begin with a verb ("Read contacts")."""
    return {**daily_words(), **leading_words(), **settings_words()}[permission]


def _row(permission: Permission, words: str) -> PermissionRow:
    return PermissionRow(permission, words, tuple(role_may(role, permission) for role in _COLUMNS))


def daily_words() -> dict[Permission, str]:
    """Return the descriptions of the permissions for daily work, by permission."""
    return {
        Permission.THREADS_SEE: _("Read the threads of their brands, and search"),
        Permission.THREADS_REPLY: _("Answer, assign, tag and close threads, and write notes"),
        Permission.CONTACTS_SEE: _("Read contacts"),
        Permission.CONTACTS_CHANGE: _("Add, change and merge contacts"),
        Permission.ORDERS_SEE: _("Read orders and quotes"),
        Permission.ORDERS_CHANGE: _("Create orders and quotes, and change the status of orders"),
        Permission.TASKS_SEE: _("Read tasks"),
        Permission.TASKS_CHANGE: _("Add, change and complete tasks"),
        Permission.VISITS_SEE: _("Read appointments"),
        Permission.VISITS_CHANGE: _("Plan and move appointments"),
        Permission.VISITS_OWN: _("Carry out their own visits and write to the customers they visit"),
        Permission.PORTAL_OWN: _("Use the partner portal: the orders of their own company"),
    }


def leading_words() -> dict[Permission, str]:
    """Return the descriptions of the further permissions of leads and managers, by permission."""
    return {
        Permission.ESCALATIONS_LEAD: _("Get alerts when 90% of a response time has passed"),
        Permission.ESCALATIONS_RECEIVE: _("Get alerts on late threads of the teams or brands they manage"),
        Permission.ROUTING_MANAGE: _("Change routing rules"),
        Permission.CAPACITY_MANAGE: _("Change how much work each person gets"),
        Permission.ABSENCES_MANAGE: _("Change other people's absences"),
        Permission.RULES_MANAGE: _("Change automation and the automatic actions of brands"),
        Permission.MACROS_MANAGE: _("Change macros"),
        Permission.TEMPLATES_MANAGE: _("Change templates"),
        Permission.VISITS_PLAN: _("Plan technicians’ days and change their checklists"),
        Permission.DELIVERIES_MANAGE: _("Retry undelivered messages and unblock recipients"),
        Permission.EVENTS_MANAGE: _("Reprocess rejected inbound events"),
        Permission.ORDERS_EXPORT: _("Export orders, articles and prices as files"),
        Permission.ORDERS_IMPORT: _("Import orders, articles and prices, and undo imports"),
        Permission.ORDERS_REOPEN: _("Reopen orders that are completed or cancelled"),
        Permission.ARTICLES_MANAGE: _("Change articles and prices"),
        Permission.VIEWS_SHARE: _("Share saved views with everyone"),
        Permission.MAILINGS_SEND: _("Send mailings"),
        Permission.ANALYTICS_SEE: _("See and export everyone's analytics"),
        Permission.TARGETS_MANAGE: _("Set targets for the figures of a brand"),
        Permission.REPORTS_SHARE: _("Share saved reports with everyone"),
        Permission.SURVEYS_MANAGE: _("Change customer surveys"),
    }


def settings_words() -> dict[Permission, str]:
    """Return the words of the permissions for the settings."""
    return {
        Permission.SETTINGS_SEE: _("See the settings"),
        Permission.PEOPLE_SEE: _("See people, teams and brands"),
        Permission.CHANNELS_SEE: _("See channels, their state and usage"),
        Permission.CHANNELS_MANAGE: _("Connect and change channels"),
        Permission.AUTO_REPLIES_MANAGE: _("Change automatic answers"),
        Permission.SLA_MANAGE: _("Change response times and opening hours"),
        Permission.INTEGRATIONS_MANAGE: _("Connect integrations and webhooks"),
        Permission.PARTNERS_MANAGE: _("Change partners, their keys and prices"),
        Permission.TEAM_CARDS_MANAGE: _("Connect Microsoft Teams"),
        Permission.BRANDS_MANAGE: _("Change brands and their order settings"),
        Permission.PEOPLE_MANAGE: _("Add people, and change roles and teams"),
        Permission.ALERTS_RECEIVE: _("Get channel failure alerts"),
        Permission.BRANDS_ALL: _("See every brand"),
    }

"""List all permissions, and in one table the permissions of each role. A new role is a new line in `_OF_ROLE`.

`app/web/accounts/gate.py` lists which permission each page needs, `app/api/authorize.py` which permission each API operation
needs. A route checks further permissions itself (`require`).
"""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from app.domain.accounts.models import Role, User


class Permission(StrEnum):
    """An action that only some roles may take."""

    THREADS_SEE = "threads.see"  # those of their brands, with everything around them: lists, search, templates
    THREADS_REPLY = "threads.reply"  # answer, note, assign, close, tag …
    CONTACTS_SEE = "contacts.see"
    CONTACTS_CHANGE = "contacts.change"
    ORDERS_SEE = "orders.see"
    ORDERS_CHANGE = "orders.change"
    TASKS_SEE = "tasks.see"
    TASKS_CHANGE = "tasks.change"
    VISITS_SEE = "visits.see"
    VISITS_CHANGE = "visits.change"
    VISITS_OWN = "visits.own"  # one's own visits and the threads about them, and nothing else
    PORTAL_OWN = "portal.own"  # what one's own company sent us and is told, and nothing else

    SETTINGS_SEE = "settings.see"
    PEOPLE_SEE = "people.see"
    CHANNELS_SEE = "channels.see"
    ANALYTICS_SEE = "analytics.see"  # figures of all, with names; one's own need none
    ABSENCES_MANAGE = "absences.manage"  # of others; one's own need none
    ARTICLES_MANAGE = "articles.manage"
    CAPACITY_MANAGE = "capacity.manage"  # how much each colleague is given, what they can do, who is away
    DELIVERIES_MANAGE = "deliveries.manage"  # stuck ones, and addresses that are not written to any more
    ESCALATIONS_LEAD = "escalations.lead"  # is told at 90 %, as a lead of the team or brand
    ESCALATIONS_RECEIVE = "escalations.receive"
    EVENTS_MANAGE = "events.manage"  # what came in and could not be processed
    MACROS_MANAGE = "macros.manage"
    MAILINGS_SEND = "mailings.send"
    ORDERS_EXPORT = "orders.export"  # many at once, as a file
    ORDERS_IMPORT = "orders.import"  # from a file, and take that back
    ORDERS_REOPEN = "orders.reopen"  # what is completed or cancelled, and end what is under way
    REPORTS_SHARE = "reports.share"  # with everyone
    ROUTING_MANAGE = "routing.manage"
    RULES_MANAGE = "rules.manage"
    SURVEYS_MANAGE = "surveys.manage"  # what customers are asked afterwards
    TARGETS_MANAGE = "targets.manage"  # what each figure of a brand should be
    TEMPLATES_MANAGE = "templates.manage"
    VIEWS_SHARE = "views.share"  # with everyone
    VISITS_PLAN = "visits.plan"  # the day planner, and what is ticked at visits

    ALERTS_RECEIVE = "alerts.receive"
    AUTO_REPLIES_MANAGE = "auto_replies.manage"
    BRANDS_MANAGE = "brands.manage"
    BRANDS_ALL = "brands.all"  # sees every brand, a member of it or not
    CHANNELS_MANAGE = "channels.manage"
    INTEGRATIONS_MANAGE = "integrations.manage"
    PARTNERS_MANAGE = "partners.manage"
    PEOPLE_MANAGE = "people.manage"
    SLA_MANAGE = "sla.manage"  # policies and business calendars
    TEAM_CARDS_MANAGE = "team_cards.manage"


_READ_ONLY = frozenset(
    {
        Permission.THREADS_SEE,
        Permission.CONTACTS_SEE,
        Permission.ORDERS_SEE,
        Permission.TASKS_SEE,
        Permission.VISITS_SEE,
    }
)
_AGENT = _READ_ONLY | {
    Permission.THREADS_REPLY,
    Permission.CONTACTS_CHANGE,
    Permission.ORDERS_CHANGE,
    Permission.TASKS_CHANGE,
    Permission.VISITS_CHANGE,
}
# What a lead and a manager both do: see how it goes for everybody, and stand in where it does not.
_LEADING = _AGENT | {
    Permission.SETTINGS_SEE,
    Permission.PEOPLE_SEE,
    Permission.CHANNELS_SEE,
    Permission.ANALYTICS_SEE,
    Permission.ABSENCES_MANAGE,
    Permission.ARTICLES_MANAGE,
    Permission.CAPACITY_MANAGE,
    Permission.ESCALATIONS_RECEIVE,
    Permission.MAILINGS_SEND,
    Permission.ORDERS_EXPORT,
    Permission.ORDERS_IMPORT,
    Permission.ORDERS_REOPEN,
    Permission.VIEWS_SHARE,
}
# A lead runs the day: queues, rules, texts, the plan, what got stuck.
_LEAD = _LEADING | {
    Permission.DELIVERIES_MANAGE,
    Permission.ESCALATIONS_LEAD,
    Permission.EVENTS_MANAGE,
    Permission.MACROS_MANAGE,
    Permission.ROUTING_MANAGE,
    Permission.RULES_MANAGE,
    Permission.TEMPLATES_MANAGE,
    Permission.VISITS_PLAN,
}
# A manager answers for the figures: what they should be, who reads them, what customers are asked.
_MANAGER = _LEADING | {
    Permission.REPORTS_SHARE,
    Permission.SURVEYS_MANAGE,
    Permission.TARGETS_MANAGE,
}
_NOT_OF_ADMINS = frozenset({Permission.PORTAL_OWN, Permission.ESCALATIONS_LEAD})  # a matter of who one is, not of what one may
_OF_ROLE = {
    Role.READ_ONLY: _READ_ONLY,
    Role.TECHNICIAN: frozenset({Permission.VISITS_OWN}),
    Role.PARTNER: frozenset({Permission.PORTAL_OWN}),
    Role.AGENT: _AGENT,
    Role.LEAD: _LEAD,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Permission) - _NOT_OF_ADMINS,
}
# Who works here. A partner's people come in by their partner's page and are no colleagues.
COLLEAGUES = tuple(role for role in Role if role != Role.PARTNER)


def role_may(role: Role, permission: Permission | str) -> bool:
    """Return whether a role has a permission. Templates pass the value of the permission as text. Raises `ValueError` for an
    unknown name."""
    return Permission(permission) in _OF_ROLE[role]


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that have the permission, for a condition on users."""
    return tuple(role for role, permissions in _OF_ROLE.items() if permission in permissions)


def users_with(*permissions: Permission) -> sa.ColumnElement[bool]:
    """Return the condition on users: the role has at least one of these permissions."""
    return User.role.in_([role for role in Role if any(permission in _OF_ROLE[role] for permission in permissions)])

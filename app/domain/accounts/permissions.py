"""What each role may do: the one table that everything asks.

Agents read and answer what their brands have; that needs no permission of its own. A new role is a line in `_OF_ROLE`.
"""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from app.domain.accounts.models import Role, User


class Permission(StrEnum):
    """One thing that not everybody may do."""

    SETTINGS_SEE = "settings.see"
    PEOPLE_SEE = "people.see"
    CHANNELS_SEE = "channels.see"
    ANALYTICS_SEE = "analytics.see"  # figures of all; one's own need none
    ABSENCES_MANAGE = "absences.manage"  # of others; one's own need none
    ARTICLES_MANAGE = "articles.manage"
    DELIVERIES_MANAGE = "deliveries.manage"  # stuck ones, and addresses that are not written to any more
    ESCALATIONS_RECEIVE = "escalations.receive"
    EVENTS_MANAGE = "events.manage"  # what came in and could not be processed
    MACROS_MANAGE = "macros.manage"
    MAILINGS_SEND = "mailings.send"
    ORDERS_REOPEN = "orders.reopen"  # what is completed or cancelled, and end what is under way
    ROUTING_MANAGE = "routing.manage"
    RULES_MANAGE = "rules.manage"
    TEMPLATES_MANAGE = "templates.manage"
    VIEWS_SHARE = "views.share"  # with everyone

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


_LEAD = frozenset(
    {
        Permission.SETTINGS_SEE,
        Permission.PEOPLE_SEE,
        Permission.CHANNELS_SEE,
        Permission.ANALYTICS_SEE,
        Permission.ABSENCES_MANAGE,
        Permission.ARTICLES_MANAGE,
        Permission.DELIVERIES_MANAGE,
        Permission.ESCALATIONS_RECEIVE,
        Permission.EVENTS_MANAGE,
        Permission.MACROS_MANAGE,
        Permission.MAILINGS_SEND,
        Permission.ORDERS_REOPEN,
        Permission.ROUTING_MANAGE,
        Permission.RULES_MANAGE,
        Permission.TEMPLATES_MANAGE,
        Permission.VIEWS_SHARE,
    }
)
_OF_ROLE = {Role.AGENT: frozenset[Permission](), Role.LEAD: _LEAD, Role.ADMIN: frozenset(Permission)}


def role_may(role: Role, permission: Permission | str) -> bool:
    """Whether a role has a permission; templates name it by its value. Raises ValueError for a name there is not."""
    return Permission(permission) in _OF_ROLE[role]


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """The roles that have it, for a condition on users."""
    return tuple(role for role, permissions in _OF_ROLE.items() if permission in permissions)


def users_with(permission: Permission) -> sa.ColumnElement[bool]:
    """Those users, as a condition."""
    return User.role.in_(roles_with(permission))

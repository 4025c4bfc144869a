"""The one blueprint of this feature's pages, and what every settings page needs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.core.db import db
from app.domain.accounts.permissions import Permission
from app.domain.accounts.views import Link, LinkGroup, browser_words, role_hints, role_words, scope_hints
from app.domain.brands.first_steps import read_first_steps

bp = Blueprint("accounts", __name__)
FILTERS = {"browser_words": browser_words, "role_words": role_words}


def settings_groups() -> list[LinkGroup]:
    """The menu of the settings: one's own, and for leads what belongs to everybody."""
    own = (
        _link(_("Profile"), "accounts.profile", "user", _("theme dark light language time zone density undo send keys name")),
        _link(_("Password and sessions"), "accounts.security", "shield", _("devices sign out")),
    )
    if current_user.may(Permission.PORTAL_OWN):
        return [LinkGroup(_("You"), own)]
    groups = [
        LinkGroup(
            _("You"),
            (
                *own,
                _link(_("Notifications"), "notifications.preferences", "bell", _("quiet hours push digest")),
                _link(_("Absences"), "appointments.absences", "calendar"),
                _link(_("API tokens"), "accounts.tokens", "key"),
            ),
        ),
        LinkGroup(
            _("Answering"),
            (_link(_("Templates"), "reply_templates.templates", "file-text"), _link(_("Macros"), "inbox.macros", "zap")),
        ),
    ]
    if current_user.may(Permission.BRANDS_MANAGE):
        steps = read_first_steps(db.session(), current_user.user_id)
        if steps.left and not steps.is_hidden:
            words = ngettext("First steps: %(num)s left", "First steps: %(num)s left", steps.left)
            groups.insert(0, LinkGroup(_("Set-up"), (_link(words, "accounts.first_steps", "circle-check"),)))
    if current_user.may(Permission.SETTINGS_SEE):
        shared: tuple[Link, ...] = (
            _link(_("People"), "accounts.people", "users"),
            _link(_("Teams and brands"), "accounts.brands", "building", _("signature order prefix colour members")),
            _link(_("Channels"), "connections.channels", "link", _("mailbox e-mail WhatsApp SMS phone webhook credentials")),
            _link(_("Routing"), "routing.rules", "merge"),
            _link(_("Automation"), "automation.rules", "bot"),
            _link(_("Articles"), "orders.articles", "file-text"),
            _link(_("Checklists"), "field.checklists", "list"),
            _link(_("Events"), "quarantine.events", "activity"),
            _link(_("Stuck deliveries"), "deliveries.stuck", "hourglass"),
            _link(_("Stopped addresses"), "suppressions.suppressions", "mail"),
        )
        if current_user.may(Permission.SURVEYS_MANAGE):
            shared += (_link(_("Questions afterwards"), "surveys.surveys", "smile"),)
        if current_user.may(Permission.PARTNERS_MANAGE):
            shared += (_link(_("Partners"), "partners.partners", "building"),)
        if current_user.may(Permission.SLA_MANAGE):
            shared += (
                _link(_("Business calendars"), "sla.calendars", "calendar"),
                _link(_("Answer times"), "sla.policies", "clock"),
                _link(_("Automatic answers"), "auto_replies.channels", "message-circle"),
                _link(_("Integrations"), "integrations.integrations", "plug"),
                _link(_("Webhooks"), "callbacks.webhooks", "webhook"),
                _link(_("Microsoft Teams"), "notifications.teams_cards", "message-square"),
            )
        groups.append(LinkGroup(_("Organisation"), shared))
    return groups


def _link(label: str, endpoint: str, icon: str, words: str = "") -> Link:
    href = url_for(endpoint)
    return Link(label, href, icon, request.path == href or request.path.startswith(f"{href}/"), words)


@bp.app_context_processor
def _template_tools() -> dict[str, Any]:
    return {"settings_groups": settings_groups, "role_hints": role_hints, "scope_hints": scope_hints}


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(FILTERS)

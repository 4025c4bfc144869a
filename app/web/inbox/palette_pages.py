"""List the pages that the command palette offers, besides views (from the rail) and settings pages (from their own index)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for
from flask_login import current_user

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.permissions import Permission
from app.web.accounts.gate import may_open


@dataclass(frozen=True)
class Choice:
    """A link in the palette."""

    href: str
    label: str
    hint: str
    icon: str


ANALYTICS, ORDERS, SETTINGS, TASKS = N_("Analytics"), N_("Orders"), N_("Settings"), N_("Tasks")
# (endpoint, label, what it belongs to, icon, what the page asks for beside the gate); MAIN is offered before anything is typed.
MAIN = (
    ("tasks.show_list", TASKS, "", "circle-check", None),
    ("contacts.show_list", N_("Contacts"), "", "building", None),
    ("orders.show_list", ORDERS, "", "file-text", None),
    ("order_mail.queue", N_("Order emails"), "", "mail", Permission.ORDERS_CHANGE),
    ("field.planner", N_("Planner"), "", "calendar", Permission.VISITS_PLAN),
    ("analytics.overview", ANALYTICS, "", "activity", Permission.ANALYTICS_SEE),
    ("mailings.mailings", N_("Mailings"), "", "send", Permission.MAILINGS_SEND),
    ("routing.queue", N_("Assignment queue"), "", "hourglass", None),
    ("routing.availability", N_("Availability"), "", "user-check", None),
    ("inbox.search", N_("Search"), "", "search", None),
    ("inbox.write_first", N_("New message"), "C", "pencil", Permission.THREADS_REPLY),
    ("inbox.new_ticket", N_("New internal ticket"), "", "plus", None),
    ("notifications.notifications", N_("Notifications"), "", "bell", None),
)
MORE = (
    ("contacts.new_contact", N_("New contact"), "", "plus", None),
    ("orders.new_order", N_("New order"), "", "plus", None),
    ("orders.board", N_("Board"), ORDERS, "file-text", None),
    ("imports.show_list", N_("Import"), ORDERS, "upload", Permission.ORDERS_IMPORT),
    ("tasks.board", N_("Board"), TASKS, "circle-check", None),
    ("tasks.show_calendar", N_("Calendar"), TASKS, "calendar", None),
    ("mailings.new_mailing", N_("New mailing"), "", "plus", Permission.MAILINGS_SEND),
    ("analytics.people", N_("People"), ANALYTICS, "activity", Permission.ANALYTICS_SEE),
    ("analytics.orders", ORDERS, ANALYTICS, "activity", Permission.ORDERS_SEE),
    ("analytics.saved_reports", N_("Saved reports"), ANALYTICS, "activity", Permission.ANALYTICS_SEE),
    ("analytics.schedules", N_("Reports by email"), ANALYTICS, "activity", Permission.ANALYTICS_SEE),
    ("analytics.targets", N_("Targets"), ANALYTICS, "activity", Permission.TARGETS_MANAGE),
    ("analytics.costs", N_("Channel costs"), ANALYTICS, "activity", Permission.TARGETS_MANAGE),
    ("analytics.wall", N_("Wallboard"), ANALYTICS, "monitor", Permission.ANALYTICS_SEE),
    ("inbox.saved_views", N_("All views"), "", "list", None),
    ("connections.new_channel", N_("Connect a channel"), SETTINGS, "plus", Permission.CHANNELS_MANAGE),
    ("integrations.new_integration", N_("Connect a service"), SETTINGS, "plus", Permission.INTEGRATIONS_MANAGE),
    ("partners.new_partner", N_("Add a partner"), SETTINGS, "plus", Permission.PARTNERS_MANAGE),
    ("accounts.new_brand", N_("New brand"), SETTINGS, "plus", Permission.BRANDS_MANAGE),
    ("accounts.new_team", N_("New team"), SETTINGS, "plus", Permission.PEOPLE_MANAGE),
    ("accounts.new_person", N_("Add a person"), SETTINGS, "plus", Permission.PEOPLE_MANAGE),
    ("routing.new_rule", N_("New routing rule"), SETTINGS, "plus", Permission.ROUTING_MANAGE),
    ("automation.new_rule", N_("New automation rule"), SETTINGS, "plus", Permission.RULES_MANAGE),
    ("sla.new_policy", N_("New response time policy"), SETTINGS, "plus", Permission.SLA_MANAGE),
    ("sla.new_calendar", N_("New opening hours"), SETTINGS, "plus", Permission.SLA_MANAGE),
    ("reply_templates.new_template", N_("New template"), SETTINGS, "plus", Permission.TEMPLATES_MANAGE),
    ("inbox.new_macro", N_("New macro"), SETTINGS, "plus", Permission.MACROS_MANAGE),
    ("callbacks.new_webhook", N_("New webhook"), SETTINGS, "plus", Permission.INTEGRATIONS_MANAGE),
)


def open_pages(*, with_more: bool) -> list[Choice]:
    """Return the pages that the reader may open. `with_more`: include also the pages that are offered only for a typed search."""
    pages = (*MAIN, *MORE) if with_more else MAIN
    found = [
        Choice(url_for(endpoint), _(label), _(hint) if hint else "", icon)
        for endpoint, label, hint, icon, needs in pages
        if may_open(endpoint) and (needs is None or current_user.may(needs))
    ]
    if current_app.config["SETTINGS"].demo:
        found.append(Choice("/simulator", _("Play the customer"), _("Demo"), "smile"))
    return found

"""Every page the palette leads to beside the views and the settings, which it has from the rail and the doors."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.web.accounts.gate import may_open


@dataclass(frozen=True)
class Choice:
    """A line of the palette that leads somewhere."""

    href: str
    label: str
    hint: str
    icon: str


ANALYTICS, ORDERS, SETTINGS, TASKS = N_("Analytics"), N_("Orders"), N_("Settings"), N_("Tasks")
# (endpoint, label, what it belongs to, icon); the first are offered before anything is typed.
MAIN = (
    ("tasks.show_list", TASKS, "", "circle-check"),
    ("contacts.show_list", N_("Contacts"), "", "building"),
    ("orders.show_list", ORDERS, "", "file-text"),
    ("order_mail.queue", N_("Order mail"), "", "mail"),
    ("field.planner", N_("Planner"), "", "calendar"),
    ("analytics.overview", ANALYTICS, "", "activity"),
    ("mailings.mailings", N_("Mailings"), "", "send"),
    ("routing.queue", N_("Assignment queue"), "", "hourglass"),
    ("routing.availability", N_("Availability"), "", "user-check"),
    ("inbox.search", N_("Search"), "", "search"),
    ("inbox.write_first", N_("New message"), "C", "pencil"),
    ("inbox.new_ticket", N_("New internal ticket"), "", "plus"),
    ("notifications.notifications", N_("Notifications"), "", "bell"),
)
MORE = (
    ("contacts.new_contact", N_("New contact"), "", "plus"),
    ("orders.new_order", N_("New order"), "", "plus"),
    ("orders.board", N_("Board"), ORDERS, "file-text"),
    ("imports.show_list", N_("Import"), ORDERS, "upload"),
    ("tasks.board", N_("Board"), TASKS, "circle-check"),
    ("tasks.show_calendar", N_("Calendar"), TASKS, "calendar"),
    ("mailings.new_mailing", N_("New mailing"), "", "plus"),
    ("analytics.people", N_("People"), ANALYTICS, "activity"),
    ("analytics.orders", ORDERS, ANALYTICS, "activity"),
    ("analytics.saved_reports", N_("Saved reports"), ANALYTICS, "activity"),
    ("analytics.schedules", N_("Reports by mail"), ANALYTICS, "activity"),
    ("analytics.targets", N_("Targets"), ANALYTICS, "activity"),
    ("analytics.costs", N_("Costs of channels"), ANALYTICS, "activity"),
    ("analytics.wall", N_("Wallboard"), ANALYTICS, "monitor"),
    ("inbox.saved_views", N_("All views"), "", "list"),
    ("connections.new_channel", N_("Connect a channel"), SETTINGS, "plus"),
    ("integrations.new_integration", N_("Connect a service"), SETTINGS, "plus"),
    ("partners.new_partner", N_("Add a partner"), SETTINGS, "plus"),
    ("accounts.new_brand", N_("New brand"), SETTINGS, "plus"),
    ("accounts.new_team", N_("New team"), SETTINGS, "plus"),
    ("accounts.new_person", N_("Add a person"), SETTINGS, "plus"),
    ("routing.new_rule", N_("New routing rule"), SETTINGS, "plus"),
    ("automation.new_rule", N_("New automation rule"), SETTINGS, "plus"),
    ("sla.new_policy", N_("New response time policy"), SETTINGS, "plus"),
    ("sla.new_calendar", N_("New opening hours"), SETTINGS, "plus"),
    ("reply_templates.new_template", N_("New template"), SETTINGS, "plus"),
    ("inbox.new_macro", N_("New macro"), SETTINGS, "plus"),
    ("callbacks.new_webhook", N_("New webhook"), SETTINGS, "plus"),
)


def open_pages(*, with_more: bool) -> list[Choice]:
    """The pages the reader may open."""
    pages = (*MAIN, *MORE) if with_more else MAIN
    found = [
        Choice(url_for(endpoint), _(label), _(hint) if hint else "", icon)
        for endpoint, label, hint, icon in pages
        if may_open(endpoint)
    ]
    if current_app.config["SETTINGS"].demo:
        found.append(Choice("/simulator", _("Play the customer"), _("Demo"), "smile"))
    return found

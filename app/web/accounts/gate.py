"""Check each page's permission before its route runs (the gate). Reading an area and changing it are two permissions.

A page that is in none of these tables needs the permissions of the inbox, so that a new area is never open by mistake.
Routes check narrower permissions themselves (`session.require`). Technicians have no permission for an area. They can open
only a thread or visit of their own (`_through_visit`), on the pages in `THROUGH_VISIT`. People of a partner see the portal
and the pages in `WITH_PORTAL`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Flask, abort, current_app
from flask_login import current_user
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.appointments.own_visits import is_of_own_visit
from app.web.accounts.refusal import refuse

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Needs:
    """The permission needed to read an area, and the permission needed to change it."""

    read: Permission
    write: Permission


INBOX = Needs(Permission.THREADS_SEE, Permission.THREADS_REPLY)
READING = Needs(Permission.THREADS_SEE, Permission.THREADS_SEE)  # for forms that change only the sender's own view
AREAS = {
    "contacts": Needs(Permission.CONTACTS_SEE, Permission.CONTACTS_CHANGE),
    "orders": Needs(Permission.ORDERS_SEE, Permission.ORDERS_CHANGE),
    "imports": Needs(Permission.ORDERS_SEE, Permission.ORDERS_CHANGE),
    "quotes": Needs(Permission.ORDERS_SEE, Permission.ORDERS_CHANGE),
    "order_mail": Needs(Permission.ORDERS_SEE, Permission.ORDERS_CHANGE),
    "tasks": Needs(Permission.TASKS_SEE, Permission.TASKS_CHANGE),
    "mailings": Needs(Permission.MAILINGS_SEND, Permission.MAILINGS_SEND),
    "appointments": Needs(Permission.VISITS_SEE, Permission.VISITS_CHANGE),
}
PAGES = {
    # Pages that are nothing but a form: who may not send it does not open it.
    **dict.fromkeys(
        (
            "inbox.new_ticket",
            "inbox.choose_merge",
            "inbox.choose_split",
            "inbox.choose_team",
            "inbox.choose_order",
            "inbox.choose_customer",
            "inbox.choose_partner",
            "inbox.forward_form",
            "inbox.thread_macros",
            "inbox.bulk_macros",
            "reply_templates.thread_templates",
            "routing.availability",
        ),
        Needs(Permission.THREADS_REPLY, Permission.THREADS_REPLY),
    ),
    **dict.fromkeys(
        ("contacts.new_contact", "contacts.edit_contact", "contacts.new_call", "contacts.choose_merge"),
        Needs(Permission.CONTACTS_CHANGE, Permission.CONTACTS_CHANGE),
    ),
    **dict.fromkeys(("orders.new_order", "quotes.prepare"), Needs(Permission.ORDERS_CHANGE, Permission.ORDERS_CHANGE)),
    **dict.fromkeys(
        ("appointments.plan_for_thread", "appointments.plan_for_order"), Needs(Permission.VISITS_CHANGE, Permission.VISITS_CHANGE)
    ),
    **dict.fromkeys(("orders.keep_view", "orders.drop_view"), Needs(Permission.ORDERS_SEE, Permission.ORDERS_SEE)),
    **dict.fromkeys(
        (
            "inbox.set_read",
            "inbox.create_saved_view",
            "inbox.save_saved_view",
            "inbox.save_filters",
            "inbox.copy_saved_view",
            "inbox.place_saved_view",
            "inbox.delete_saved_view",
            "inbox.arrange_sidebar",
            "reply_templates.preview",
            "analytics.keep_report",
            "analytics.drop_report",
        ),
        READING,
    ),
}
# Open to whoever has the link, or a matter of one's own account or day: each role has these.
PORTAL = "portal"
OPEN_AREAS = frozenset(
    {"inbox_public", "realtime", "notifications", "field", "field_public", "surveys_public", "quotes_public", PORTAL}
)
# Programs come in by keys and signatures, and the pages of a demo play the world outside.
OTHER_DOORS = ("app.api.", "app.hooks.", "app.process.", "app.sandbox.")
OPEN_PAGES = frozenset(
    {
        "inbox.home",
        "mailings.ask_unsubscribe",
        "mailings.unsubscribe",
        "appointments.absences",
        "appointments.add_absence",
        "appointments.remove",
        *(
            f"accounts.{name}"
            for name in (
                "sign_in", "let_in", "sign_out", "settings", "profile", "save_profile", "set_theme", "security", "save_password",
                "revoke_session", "revoke_other_sessions", "tokens", "make_token", "end_token",
                "set_up", "finish_set_up", "invited", "accept", "forgotten", "send_link",
            )
        ),
    }
)  # fmt: skip
# All that somebody of a partner opens beside the portal: their own account, and what whoever has the link may do.
WITH_PORTAL = frozenset(
    {
        "inbox.home",
        *(f"surveys_public.{name}" for name in ("ask", "answer", "ask_to_stop", "stop")),
        "quotes_public.show",
        "quotes_public.answer",
        "quotes_public.document",
        "mailings.ask_unsubscribe",
        "mailings.unsubscribe",
        "notifications.ask_unsubscribe",
        "notifications.unsubscribe",
        "notifications.service_worker",
        "inbox_public.remote_image",
        "field_public.manifest",
        "field_public.not_kept",
        *(
            f"accounts.{name}"
            for name in (
                "sign_in", "let_in", "sign_out", "settings", "profile", "save_profile", "set_theme", "security", "save_password",
                "revoke_session", "revoke_other_sessions", "set_up", "finish_set_up", "invited", "accept",
                "forgotten", "send_link",
            )
        ),
    }
)  # fmt: skip
THROUGH_VISIT = frozenset(
    {
        "inbox.show_thread",
        "inbox.set_read",
        "inbox.send_message",
        "inbox.write_note",
        "inbox.switch_composer",
        "inbox.keep_draft",
        "inbox.upload",
        "inbox.attachment",
        "inbox.fetch_again",
        "inbox.frame",
        "inbox.original",
        "inbox.details",
        "inbox.take_message_back",
        "inbox.retry",
        "reply_templates.thread_templates",
        "reply_templates.use_template",
        "appointments.show_appointment",
        "appointments.set_state",
    }
)


def init_gate(app: Flask) -> None:
    app.before_request(_check)
    app.jinja_env.globals["may_open"] = may_open


def may_open(endpoint: str) -> bool:
    """Return whether the signed-in user may open this page in general, whichever object it shows.

    Templates show a link to a page only if this is True.
    """
    area = endpoint.partition(".")[0]
    return area in OPEN_AREAS or endpoint in OPEN_PAGES or bool(current_user.may(_needs(endpoint, area).read))


def _check() -> None:
    """Answer 403 if the user's role lacks the permission, and 404 if a technician opens a thread or visit of somebody else.

    Requests without a signed-in user pass: the pages themselves ask people to sign in.
    """
    endpoint, area = request.endpoint, request.blueprint
    if endpoint is None or area is None or _has_own_door(area):
        return
    if current_user.is_authenticated and current_user.may(Permission.PORTAL_OWN):
        _check_partner(endpoint, area)
        return
    if area in OPEN_AREAS or endpoint in OPEN_PAGES or not current_user.is_authenticated:
        return
    viewer: Viewer = current_user.viewer
    needs = _needs(endpoint, area)
    needed = needs.read if request.method in SAFE_METHODS else needs.write
    if viewer.may(needed):
        return
    if not viewer.may(Permission.VISITS_OWN) or endpoint not in THROUGH_VISIT:
        refuse(needed)
    if not _through_visit(viewer):
        abort(404)


def _check_partner(endpoint: str, area: str) -> None:
    if area != PORTAL and endpoint not in WITH_PORTAL:
        refuse(_needs(endpoint, area).read)


def _needs(endpoint: str, area: str) -> Needs:
    return PAGES.get(endpoint) or AREAS.get(area, INBOX)


def _has_own_door(area: str) -> bool:
    return current_app.blueprints[area].import_name.startswith(OTHER_DOORS)


def _through_visit(viewer: Viewer) -> bool:
    ids = {name: value for name, value in (request.view_args or {}).items() if isinstance(value, uuid.UUID)}
    return is_of_own_visit(db.session(), user_id=viewer.user_id, now=utc_now(), **ids)

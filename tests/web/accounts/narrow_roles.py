"""What managers are answered, derived from what a lead of the same brand is, and the three roles that do not work in the inbox,
from what an agent is."""

from __future__ import annotations

import re

from tests.web.accounts.audiences import IN, SIGN_IN, Entry, Verdict

# One's own account: what each role may do, also those who change nothing else.
OWN = frozenset(
    {
        "/",
        "/absences",
        "/live/sequence",
        "/notifications",
        "/notifications/<uuid:notification_id>",
        "/notifications/count",
        "/notifications/reading",
        "/settings",
        "/settings/notifications",
        "/settings/notifications/devices",
        "/settings/notifications/devices/<uuid:device_id>/removal",
        "/settings/notifications/devices/renewal",
        "/settings/notifications/key",
        "/settings/notifications/tests/<way>",
        "/settings/password",
        "/settings/profile",
        "/settings/security",
        "/settings/theme",
        "/settings/sessions/<uuid:session_id>/revocation",
        "/settings/sessions/revocation",
        "/settings/tokens",
        "/settings/tokens/<uuid:token_id>/revocation",
    }
)
# What somebody of a partner opens beside the portal.
WITH_PORTAL = frozenset(
    {
        "/",
        "/settings",
        "/settings/password",
        "/settings/profile",
        "/settings/security",
        "/settings/theme",
        "/settings/sessions/<uuid:session_id>/revocation",
        "/settings/sessions/revocation",
    }
)
# Forms of the inbox that change nothing but what the reader sees.
READING = frozenset(
    {
        "/analytics/reports",
        "/analytics/reports/<uuid:report_id>/deletion",
        "/orders/views",
        "/orders/views/<uuid:order_view_id>/deletion",
        "/settings/sidebar",
        "/inbox/views",
        "/inbox/views/<uuid:view_id>",
        "/inbox/views/<uuid:view_id>/copy",
        "/inbox/views/<uuid:view_id>/deletion",
        "/inbox/views/<uuid:view_id>/filters",
        "/inbox/views/<uuid:view_id>/place",
        "/settings/templates/preview",
        "/threads/<uuid:thread_id>/read",
    }
)
# Pages that are nothing but a form, which who reads only cannot send.
FORMS = frozenset(
    {
        "/availability",
        "/bulk/macros",
        "/contacts/<uuid:contact_id>/calls",
        "/contacts/<uuid:contact_id>/edit",
        "/contacts/<uuid:contact_id>/merge",
        "/contacts/new",
        "/messages/<uuid:message_id>/forward",
        "/orders/<uuid:order_id>/appointments/new",
        "/orders/<uuid:order_id>/quote",
        "/orders/new",
        "/threads/<uuid:thread_id>/appointments/new",
        "/threads/<uuid:thread_id>/customer",
        "/threads/<uuid:thread_id>/link-order",
        "/threads/<uuid:thread_id>/macros",
        "/threads/<uuid:thread_id>/merge",
        "/threads/<uuid:thread_id>/partner",
        "/threads/<uuid:thread_id>/split",
        "/threads/<uuid:thread_id>/teams",
        "/threads/<uuid:thread_id>/templates",
        "/tickets/new",
    }
)
# What leads do and managers do not.
OF_LEADS = re.compile(
    r"/settings/(routing(?!/people)|automation|macros|templates|suppressions|events|deliveries|checklists|brands/<[^>]+>/)"
    r"|/planner|(/api(/v1)?)/templates"
)
# What a visit opens for the technician who makes it.
THROUGH_VISIT = frozenset(
    {
        "/appointments/<uuid:appointment_id>",
        "/appointments/<uuid:appointment_id>/state",
        "/attachments/<uuid:attachment_id>",
        "/attachments/<uuid:attachment_id>/fetch",
        "/messages/<uuid:message_id>/details",
        "/messages/<uuid:message_id>/frame",
        "/messages/<uuid:message_id>/original",
        "/messages/<uuid:message_id>/retry",
        "/messages/<uuid:message_id>/undo",
        "/threads/<uuid:thread_id>",
        "/threads/<uuid:thread_id>/attachments",
        "/threads/<uuid:thread_id>/composer",
        "/threads/<uuid:thread_id>/draft",
        "/threads/<uuid:thread_id>/messages",
        "/threads/<uuid:thread_id>/notes",
        "/threads/<uuid:thread_id>/read",
        "/threads/<uuid:thread_id>/template-uses",
        "/threads/<uuid:thread_id>/templates",
    }
)


def expected_of(entry: Entry, name: str) -> Verdict:
    """What the table says, for everybody."""
    said: Verdict | None = getattr(entry.audience, name)
    if said is not None:
        return said
    if name == "mia":
        is_of_leads = (entry.audience.alice, entry.audience.leila) == (403, IN) and OF_LEADS.match(entry.rule)
        return 403 if is_of_leads else entry.audience.leila
    alice = entry.audience.alice
    like_alice = alice if alice != IN else entry.audience.leila  # what is Alice's own is not theirs
    if name == "paula" and entry.audience.nobody in (SIGN_IN, 401) and entry.audience.nobody != alice:
        return like_alice if entry.rule in WITH_PORTAL else 403
    if entry.audience.nobody not in (SIGN_IN, 401) or entry.audience.nobody == alice or entry.rule in OWN:
        return like_alice
    if name == "rita":
        opens = entry.method == "GET" and entry.rule not in FORMS
        return like_alice if opens or entry.rule in READING else 403
    changes_plan = (entry.method, entry.rule) == ("POST", "/appointments/<uuid:appointment_id>")
    return like_alice if entry.rule in THROUGH_VISIT and not changes_plan else 403

"""Every URL and who may use it. A new route fails tests/accounts/test_every_url.py until it stands here.

The people: nobody (not signed in), Alice (agent), Leila (lead) and Root (admin) of ChargeCars; Mallory (agent) and Moritz (lead)
of another brand. Ids in the URLs are things of ChargeCars, see `World` in the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IN = "in"  # anything but a refusal: 2xx, 3xx to somewhere else than signing in, 409, 422 …
SIGN_IN = "sign in"  # 303 to /sign-in
Verdict = str | int


@dataclass(frozen=True)
class Audience:
    """What each of the people is answered."""

    nobody: Verdict
    alice: Verdict
    leila: Verdict
    root: Verdict
    mallory: Verdict
    moritz: Verdict


PUBLIC = Audience(IN, IN, IN, IN, IN, IN)
SIGNED_IN = Audience(SIGN_IN, IN, IN, IN, IN, IN)
BRAND = Audience(SIGN_IN, IN, IN, IN, 404, 404)
LEADS = Audience(SIGN_IN, 403, IN, IN, 403, IN)
LEADS_OF_BRAND = Audience(SIGN_IN, 403, IN, IN, 403, 404)
ADMINS = Audience(SIGN_IN, 403, 403, IN, 403, 403)
ALICE_ALONE = Audience(SIGN_IN, IN, 404, 404, 404, 404)
UNSIGNED = Audience(401, 401, 401, 401, 401, 401)  # webhooks: no session helps, only a signature
HANDSHAKE = Audience(403, 403, 403, 403, 403, 403)
TOKEN = Audience(401, IN, IN, IN, IN, IN)  # the JSON API: a bearer token, never the cookie
TOKEN_OF_BRAND = Audience(401, IN, IN, IN, 404, 404)
TOKEN_OF_LEADS = Audience(401, 403, IN, IN, 404, 404)


@dataclass(frozen=True)
class Entry:
    """One route and method, how to call it, and for whom it is. `ids` go into the URL before those of the world; "{thread_id}" in
    `query` is filled in like in the URL."""

    method: str
    rule: str
    audience: Audience
    data: Mapping[str, Any] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    query: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)


def _api(method: str, path: str, audience: Audience, json: Mapping[str, Any] | None = None, **rest: Any) -> tuple[Entry, Entry]:
    """The bare path and its twin under /api/v1."""
    return (
        Entry(method, f"/api{path}", audience, json=json, **rest),
        Entry(method, f"/api/v1{path}", audience, json=json, **rest),
    )


def _hook(method: str, path: str, audience: Audience) -> tuple[Entry, Entry]:
    return Entry(method, f"/webhooks{path}", audience), Entry(method, f"/api/v1/webhooks{path}", audience)


PAGES = (
    Entry("GET", "/", SIGNED_IN),
    Entry("GET", "/inbox", SIGNED_IN),
    Entry("GET", "/inbox/<view>", SIGNED_IN),
    Entry("GET", "/inbox/teams", SIGNED_IN),
    Entry("GET", "/inbox/views", SIGNED_IN),
    Entry("POST", "/inbox/views", SIGNED_IN, data={"name": "Retouren"}),
    Entry("GET", "/inbox/views/counts", SIGNED_IN),
    Entry("GET", "/inbox/views/<uuid:view_id>", ALICE_ALONE),
    Entry("POST", "/inbox/views/<uuid:view_id>", ALICE_ALONE, data={"name": "Retouren"}),
    Entry("POST", "/inbox/views/<uuid:view_id>/copy", ALICE_ALONE),
    Entry("POST", "/inbox/views/<uuid:view_id>/deletion", ALICE_ALONE),
    Entry("GET", "/inbox/views/<uuid:view_id>/edit", ALICE_ALONE),
    Entry("POST", "/inbox/views/<uuid:view_id>/filters", ALICE_ALONE),
    Entry("POST", "/inbox/views/<uuid:view_id>/place", ALICE_ALONE, data={"to": "first"}),
    Entry("GET", "/rail", SIGNED_IN),
    Entry("GET", "/search", SIGNED_IN, query="q=laadpaal"),
    Entry("GET", "/search/suggestions", SIGNED_IN, query="q=tag:"),
    Entry("GET", "/palette", SIGNED_IN, query="q=laadpaal"),
    Entry("GET", "/messages/<uuid:message_id>", BRAND),
    Entry("GET", "/live/sequence", SIGNED_IN),
    Entry("GET", "/notifications", SIGNED_IN),
    Entry("GET", "/notifications/<uuid:notification_id>", ALICE_ALONE),
    Entry("GET", "/notifications/count", SIGNED_IN),
    Entry("POST", "/notifications/reading", SIGNED_IN),
    Entry("GET", "/sw.js", PUBLIC),
    Entry("GET", "/settings/notifications/key", SIGNED_IN),
    Entry("POST", "/settings/notifications/devices", SIGNED_IN, json={"endpoint": "https://nowhere.example/x"}),
    Entry("POST", "/settings/notifications/devices/renewal", SIGNED_IN, json={"old": "https://nowhere.example/x"}),
    Entry("POST", "/settings/notifications/devices/<uuid:device_id>/removal", ALICE_ALONE),
    Entry("POST", "/settings/notifications/tests/<way>", SIGNED_IN),
    Entry("GET", "/notifications/unsubscribe/<token>", PUBLIC),
    Entry("POST", "/notifications/unsubscribe/<token>", PUBLIC),
    Entry("GET", "/settings/teams-cards", ADMINS),
    Entry("POST", "/settings/teams-cards/<uuid:team_id>", ADMINS, data={"url": "https://nowhere.example/"}),
    Entry("POST", "/settings/teams-cards/<uuid:team_id>/test", ADMINS),
    Entry("POST", "/settings/teams-cards/<uuid:team_id>/removal", ADMINS),
    Entry("GET", "/bulk/count", SIGNED_IN),
    Entry("GET", "/bulk/people", SIGNED_IN),
    Entry("GET", "/bulk/tags", SIGNED_IN),
    Entry("POST", "/bulk", SIGNED_IN, data={"set_status": "closed"}),
    Entry("POST", "/bulk/merge", SIGNED_IN),
    Entry("GET", "/bulk/<uuid:bulk_id>", ALICE_ALONE),
    Entry("POST", "/bulk/<uuid:bulk_id>/undo", ALICE_ALONE),
    Entry("GET", "/threads/<uuid:thread_id>", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/assignment", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/attachments", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/calls", BRAND, data={"call_direction": "outgoing"}),
    Entry("POST", "/threads/<uuid:thread_id>/simplified-text", BRAND, data={"composer_kind": "reply", "text": "concept…"}),
    Entry("POST", "/threads/<uuid:thread_id>/draft", BRAND, data={"kind": "reply", "text": "concept"}),
    Entry("POST", "/threads/<uuid:thread_id>/messages", BRAND, data={"text": "antwoord"}),
    Entry("POST", "/threads/<uuid:thread_id>/notes", BRAND, data={"text": "notitie"}),
    Entry("POST", "/threads/<uuid:thread_id>/priority", BRAND, data={"priority": "high"}),
    Entry("POST", "/threads/<uuid:thread_id>/read", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/snooze", BRAND, data={"choice": "tomorrow"}),
    Entry("POST", "/threads/<uuid:thread_id>/snooze/ending", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/macros", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/macros/<uuid:macro_id>", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/macro-runs/<uuid:run_token>/undo", BRAND),
    Entry("GET", "/bulk/macros", SIGNED_IN),
    Entry("GET", "/queue", SIGNED_IN),
    Entry("GET", "/availability", SIGNED_IN),
    Entry("POST", "/availability", SIGNED_IN, data={"state": "away"}),
    Entry("GET", "/settings/routing", LEADS),
    Entry("POST", "/settings/routing", LEADS, data={"name": "Service"}),
    Entry("GET", "/settings/routing/new", LEADS),
    Entry("GET", "/settings/routing/people", LEADS),
    Entry("GET", "/settings/routing/people/<uuid:user_id>", LEADS_OF_BRAND),
    Entry("POST", "/settings/routing/people/<uuid:user_id>", LEADS_OF_BRAND, data={"capacity": "8"}),
    Entry("POST", "/settings/routing/people/<uuid:user_id>/away", LEADS_OF_BRAND),
    Entry("GET", "/settings/routing/<uuid:routing_rule_id>", LEADS_OF_BRAND),
    Entry("POST", "/settings/routing/<uuid:routing_rule_id>", LEADS_OF_BRAND, data={"name": "Service"}),
    Entry("POST", "/settings/routing/dry-run", LEADS, data={"name": "Service"}),
    Entry("POST", "/settings/routing/<uuid:routing_rule_id>/dry-run", LEADS_OF_BRAND, data={"name": "Service"}),
    Entry("GET", "/settings/routing/<uuid:routing_rule_id>/trial", LEADS_OF_BRAND),
    Entry("POST", "/settings/routing/<uuid:routing_rule_id>/switch", LEADS_OF_BRAND, data={"on": "1"}),
    Entry("POST", "/settings/routing/<uuid:routing_rule_id>/up", LEADS_OF_BRAND),
    Entry("POST", "/settings/routing/<uuid:routing_rule_id>/deletion", Audience(SIGN_IN, 403, IN, 404, 403, 404)),
    Entry("GET", "/settings/auto-replies", ADMINS),
    Entry("GET", "/settings/auto-replies/<uuid:channel_id>", ADMINS),
    Entry("POST", "/settings/auto-replies/<uuid:channel_id>", ADMINS, data={"closed_nl": "Gesloten tot {{opening.at}}"}),
    Entry("GET", "/settings/auto-replies/<uuid:channel_id>/trial", ADMINS),
    Entry("GET", "/settings/calendars", ADMINS),
    Entry("POST", "/settings/calendars", ADMINS, data={"name": "Nacht", "scope": "named", "zone": "UTC", "day_0": "22:00-06:00"}),
    Entry("GET", "/settings/calendars/new", ADMINS),
    Entry("GET", "/settings/calendars/<uuid:calendar_id>", ADMINS),
    Entry("POST", "/settings/calendars/<uuid:calendar_id>", ADMINS, data={"name": "Nacht", "scope": "named", "zone": "UTC"}),
    Entry("POST", "/settings/calendars/<uuid:calendar_id>/deletion", ADMINS),
    Entry("GET", "/settings/policies", ADMINS),
    Entry("POST", "/settings/policies", ADMINS, data={"name": "Spoed", "position": "1", "first_minutes": "30"}),
    Entry("GET", "/settings/policies/new", ADMINS),
    Entry("GET", "/settings/policies/<uuid:policy_id>", ADMINS),
    Entry("POST", "/settings/policies/<uuid:policy_id>", ADMINS, data={"name": "Spoed", "position": "1"}),
    Entry("POST", "/settings/policies/<uuid:policy_id>/deletion", ADMINS),
    Entry("POST", "/settings/calendars/dry-run", ADMINS, data={"name": "Avond", "scope": "named", "zone": "UTC"}),
    Entry(
        "POST", "/settings/calendars/<uuid:calendar_id>/dry-run", ADMINS, data={"name": "Nacht", "scope": "named", "zone": "UTC"}
    ),
    Entry("POST", "/settings/policies/dry-run", ADMINS, data={"name": "Spoed", "position": "1", "first_minutes": "30"}),
    Entry("POST", "/settings/policies/<uuid:policy_id>/dry-run", ADMINS, data={"name": "Spoed", "position": "1"}),
    Entry("GET", "/settings/automation", LEADS),
    Entry("POST", "/settings/automation", LEADS, data={"name": "Storing"}),
    Entry("GET", "/settings/automation/new", LEADS),
    Entry("GET", "/settings/automation/<uuid:automation_rule_id>", LEADS_OF_BRAND),
    Entry("POST", "/settings/automation/<uuid:automation_rule_id>", LEADS_OF_BRAND, data={"name": "Storing"}),
    Entry("GET", "/settings/automation/<uuid:automation_rule_id>/dry-run", LEADS_OF_BRAND),
    Entry("GET", "/settings/automation/<uuid:automation_rule_id>/log", LEADS_OF_BRAND),
    Entry("POST", "/settings/automation/<uuid:automation_rule_id>/switch", LEADS_OF_BRAND, data={"on": "1"}),
    Entry("POST", "/settings/automation/<uuid:automation_rule_id>/up", LEADS_OF_BRAND),
    Entry("POST", "/settings/automation/<uuid:automation_rule_id>/deletion", Audience(SIGN_IN, 403, IN, 404, 403, 404)),
    Entry("GET", "/settings/macros", SIGNED_IN),
    Entry("POST", "/settings/macros", LEADS, data={"name": "Storing", "priority": "high"}),
    Entry("GET", "/settings/macros/new", LEADS),
    Entry("GET", "/settings/macros/<uuid:macro_id>", LEADS_OF_BRAND),
    Entry("POST", "/settings/macros/<uuid:macro_id>", LEADS_OF_BRAND, data={"name": "Storing", "priority": "high"}),
    # Once Leila deleted it, it is gone for Root.
    Entry("POST", "/settings/macros/<uuid:macro_id>/deletion", Audience(SIGN_IN, 403, IN, 404, 403, 404)),
    Entry("POST", "/threads/<uuid:thread_id>/spam", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/spam/ending", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/watching", BRAND, data={"watch": "on"}),
    Entry("POST", "/threads/<uuid:thread_id>/status", BRAND, data={"status": "resolved"}),
    Entry("GET", "/threads/<uuid:thread_id>/tags", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/tags", BRAND, data={"add": "garantie"}),
    Entry("GET", "/threads/<uuid:thread_id>/teams", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/team", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/template-uses", BRAND, data={"text": "concept"}),
    Entry("GET", "/threads/<uuid:thread_id>/templates", BRAND),
    Entry("GET", "/tasks", SIGNED_IN),
    Entry("POST", "/tasks", SIGNED_IN, data={"title": "Bellen"}),
    Entry("GET", "/tasks/board", SIGNED_IN),
    Entry("GET", "/tasks/calendar", SIGNED_IN, query="month=2026-11"),
    Entry("GET", "/tasks/<uuid:task_id>", BRAND),
    Entry("POST", "/tasks/<uuid:task_id>", BRAND, data={"title": "Terugbellen"}),
    Entry("GET", "/tasks/<uuid:task_id>/reminder", BRAND),
    Entry("POST", "/tasks/<uuid:task_id>/status", BRAND, data={"status": "completed"}),
    Entry("GET", "/threads/<uuid:thread_id>/tasks", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/clocks", BRAND),
    Entry("GET", "/tickets/new", SIGNED_IN),
    Entry("POST", "/tickets", SIGNED_IN, data={"subject": ""}),
    Entry("GET", "/contacts", SIGNED_IN, query="q=pieter"),
    Entry("POST", "/contacts", SIGNED_IN, data={"name": ""}),
    Entry("GET", "/contacts/new", SIGNED_IN),
    Entry("GET", "/contacts/<uuid:contact_id>", BRAND),
    Entry("GET", "/contacts/<uuid:contact_id>/edit", BRAND),
    Entry("POST", "/contacts/<uuid:contact_id>/edit", BRAND, data={"name": "Pieter"}),
    Entry("POST", "/contacts/<uuid:contact_id>/identities", BRAND, data={"kind": "phone", "value": "0612345678"}),
    Entry("POST", "/contacts/<uuid:contact_id>/identities/<uuid:identity_id>/preference", BRAND),
    Entry("POST", "/contacts/<uuid:contact_id>/identities/<uuid:identity_id>/removal", BRAND),
    Entry("POST", "/contacts/<uuid:contact_id>/block/ending", BRAND),
    Entry("POST", "/contacts/<uuid:contact_id>/addresses", BRAND, data={"address": "Dam 1"}),
    Entry("POST", "/contacts/<uuid:contact_id>/addresses/<uuid:address_id>/removal", BRAND),
    Entry("GET", "/contacts/<uuid:contact_id>/calls", BRAND),
    Entry("POST", "/contacts/<uuid:contact_id>/calls", BRAND, data={"call_direction": "outgoing"}),
    Entry("GET", "/contacts/<uuid:contact_id>/merge", BRAND),
    Entry("POST", "/contacts/<uuid:contact_id>/merge", BRAND),
    Entry("POST", "/contacts/<uuid:contact_id>/merges/<uuid:merge_id>/undo", Audience(SIGN_IN, 404, 404, 404, 404, 404)),
    Entry("POST", "/contacts/<uuid:contact_id>/consents", BRAND, data={"purpose": "survey", "given": "no"}),
    Entry("GET", "/orders", SIGNED_IN, query="q=CC"),
    Entry("POST", "/orders", SIGNED_IN, data={"customer_name": ""}),
    Entry("GET", "/orders/new", SIGNED_IN),
    Entry("GET", "/orders/<uuid:order_id>", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/status", BRAND, data={"status": "approved"}),
    Entry("POST", "/orders/<uuid:order_id>/address", BRAND, data={"bag_id": "1"}),
    Entry("POST", "/orders/<uuid:order_id>/notes", BRAND, data={"notes": "Achterom"}),
    Entry("GET", "/attachments/<uuid:attachment_id>", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/merge", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/merge", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/split", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/split", BRAND, data={"from": ""}),
    Entry("POST", "/thread-moves/<uuid:batch_id>/undo", BRAND),
    Entry("GET", "/messages/<uuid:message_id>/details", BRAND),
    Entry("GET", "/messages/<uuid:message_id>/forward", BRAND),
    Entry("POST", "/messages/<uuid:message_id>/forward", BRAND),
    Entry("POST", "/messages/<uuid:message_id>/forward/draft", BRAND, data={"text": "concept"}),
    Entry("POST", "/threads/<uuid:thread_id>/composer", BRAND),
    Entry("GET", "/messages/<uuid:message_id>/frame", BRAND),
    Entry("GET", "/messages/<uuid:message_id>/original", BRAND),
    Entry("POST", "/messages/<uuid:message_id>/undo", BRAND),
    Entry("POST", "/messages/<uuid:message_id>/retry", BRAND),
    Entry("POST", "/scheduled/<uuid:scheduled_id>/cancellation", BRAND),
    Entry("POST", "/scheduled/<uuid:scheduled_id>/sending", BRAND),
    Entry("POST", "/scheduled/<uuid:scheduled_id>/time", BRAND),
    Entry("GET", "/messages/<uuid:message_id>/source", BRAND),
)

SETTINGS = (
    Entry("GET", "/settings", SIGNED_IN),
    Entry("GET", "/settings/profile", SIGNED_IN),
    Entry("POST", "/settings/profile", SIGNED_IN),
    Entry("GET", "/settings/notifications", SIGNED_IN),
    Entry("POST", "/settings/notifications", SIGNED_IN, data={"kind": "mention"}),
    Entry("GET", "/settings/security", SIGNED_IN),
    Entry("POST", "/settings/password", SIGNED_IN),
    Entry("POST", "/settings/sessions/<uuid:session_id>/revocation", SIGNED_IN),  # of oneself: tests/accounts/test_sessions.py
    Entry("POST", "/settings/sessions/revocation", SIGNED_IN),
    Entry("GET", "/settings/tokens", SIGNED_IN),
    Entry("POST", "/settings/tokens", SIGNED_IN),
    Entry("POST", "/settings/tokens/<uuid:token_id>/revocation", ALICE_ALONE),
    Entry("GET", "/settings/managers", ADMINS),
    Entry("POST", "/settings/managers", ADMINS, data={"executive": ""}),
    Entry("POST", "/settings/brands/<uuid:brand_id>/answering", LEADS_OF_BRAND),
    Entry("POST", "/settings/brands/<uuid:brand_id>/promises", LEADS_OF_BRAND),
    Entry("GET", "/settings/people", LEADS),
    Entry("POST", "/settings/people", ADMINS),
    Entry("GET", "/settings/people/new", ADMINS),
    Entry("GET", "/settings/people/<uuid:user_id>", LEADS),
    Entry("POST", "/settings/people/<uuid:user_id>", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/disabling", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/enabling", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/password", ADMINS),
    Entry("GET", "/settings/brands", LEADS),
    Entry("GET", "/settings/templates", SIGNED_IN),
    Entry("POST", "/settings/templates", LEADS),
    Entry("GET", "/settings/templates/new", LEADS),
    Entry("POST", "/settings/templates/preview", SIGNED_IN),
    Entry("GET", "/settings/templates/<uuid:template_id>", BRAND),
    Entry("POST", "/settings/templates/<uuid:template_id>", LEADS_OF_BRAND),
    Entry("POST", "/settings/templates/<uuid:template_id>/archiving", LEADS_OF_BRAND),
    Entry("POST", "/settings/templates/<uuid:template_id>/restoring", LEADS_OF_BRAND),
    Entry("GET", "/settings/channels", LEADS),
    Entry("GET", "/u/<mailing_token>", PUBLIC),
    Entry("POST", "/u/<mailing_token>", PUBLIC),
    Entry("GET", "/settings/suppressions", LEADS),
    Entry("POST", "/settings/suppressions/<uuid:suppression_id>/release", LEADS_OF_BRAND),
    Entry("GET", "/settings/channels/new", ADMINS),
    Entry("POST", "/settings/channels/new", ADMINS, data={"kind": "email", "name": "Archief"}),
    Entry("GET", "/settings/channels/<uuid:channel_id>", LEADS_OF_BRAND),
    Entry("GET", "/settings/channels/<uuid:channel_id>/edit", ADMINS),
    Entry("POST", "/settings/channels/<uuid:channel_id>/edit", ADMINS),
    Entry("POST", "/settings/channels/<uuid:channel_id>/check", LEADS_OF_BRAND),
    Entry("POST", "/settings/channels/<uuid:channel_id>/reconciliation", LEADS_OF_BRAND),
    Entry("POST", "/settings/channels/<uuid:channel_id>/sign-in", ADMINS),
    Entry("GET", "/settings/channels/sign-in", ADMINS),
    Entry("POST", "/settings/channels/consent", ADMINS),
    Entry("GET", "/settings/channels/consent", ADMINS),
    Entry("POST", "/settings/channels/<uuid:channel_id>/self-test", ADMINS),
    Entry("POST", "/settings/channels/<uuid:channel_id>/pause", ADMINS, data={"paused": "0"}),
    Entry("POST", "/settings/channels/<uuid:channel_id>/activity", ADMINS, data={"active": "1"}),
    Entry("POST", "/settings/channels/<uuid:channel_id>/webhook-address", ADMINS),
    Entry("GET", "/settings/integrations", ADMINS),
    Entry("POST", "/settings/integrations", ADMINS, data={"provider": "make", "name": ""}),
    Entry("GET", "/settings/integrations/new", ADMINS, query="provider=make"),
    Entry("GET", "/settings/integrations/<uuid:integration_id>", ADMINS),
    Entry("POST", "/settings/integrations/<uuid:integration_id>", ADMINS, data={"name": ""}),
    Entry("POST", "/settings/integrations/<uuid:integration_id>/secrets", ADMINS),
    Entry("POST", "/settings/integrations/<uuid:integration_id>/retry", ADMINS),
    Entry("POST", "/settings/integrations/<uuid:integration_id>/activity", ADMINS, data={"active": "1"}),
    Entry("GET", "/settings/events", LEADS),
    Entry("GET", "/settings/events/<uuid:event_id>", LEADS_OF_BRAND),
    Entry("GET", "/settings/events/<uuid:event_id>/body", LEADS_OF_BRAND),
    Entry("POST", "/settings/events/<uuid:event_id>/replay", LEADS_OF_BRAND),
    Entry("POST", "/settings/events/replay", LEADS),
    Entry("POST", "/settings/events/reactions/<int:entry_id>/retry", LEADS_OF_BRAND),
    Entry("POST", "/settings/events/reactions/retry", LEADS),
    Entry("GET", "/settings/deliveries", LEADS),
    Entry("POST", "/settings/deliveries/<uuid:message_id>/retry", LEADS_OF_BRAND),
)

OPEN = (
    Entry("GET", "/sign-in", PUBLIC),
    Entry("POST", "/sign-in", PUBLIC),
    Entry("POST", "/sign-out", Audience(*[SIGN_IN] * 6)),
    Entry("GET", "/static/<path:filename>", PUBLIC),
    Entry("GET", "/favicon.ico", PUBLIC),
    Entry("GET", "/healthz", PUBLIC),
    Entry("GET", "/readyz", PUBLIC),
    Entry("GET", "/metrics", PUBLIC),  # loopback, or a token: tests/health
    Entry("GET", "/docs", PUBLIC),
    Entry("GET", "/docs/assets/<path:filename>", PUBLIC, ids={"filename": "css/swagger-ui.css"}),
    Entry("GET", "/openapi.json", PUBLIC),
    Entry("GET", "/remote-image/<link>", Audience(404, 404, 404, 404, 404, 404)),  # only by a link we signed
    *_hook("GET", "/whatsapp", HANDSHAKE),
    *_hook("POST", "/whatsapp", UNSIGNED),
    *_hook("POST", "/sms", UNSIGNED),
    *_hook("POST", "/sms/status", UNSIGNED),
    *_hook("POST", "/voice", UNSIGNED),
    *_hook("POST", "/fillout", UNSIGNED),
    *_hook("POST", "/make/<scenario>", UNSIGNED),
    *_hook("POST", "/fillout/<key>", UNSIGNED),
    *_hook("POST", "/email/inbound", PUBLIC),  # that sender never repeats: stored in quarantine, answered 200
    *_hook("POST", "/email/inbound/<key>", PUBLIC),
    *_hook("POST", "/outlook", PUBLIC),
    *_hook("POST", "/sendgrid/events", UNSIGNED),
    *_hook("POST", "/outlook/lifecycle", PUBLIC),
)

API = (
    *_api("GET", "/channels", TOKEN),
    *_api("GET", "/channels/<uuid:id>", TOKEN_OF_BRAND),
    *_api("POST", "/communication/attachments", TOKEN),
    *_api("GET", "/communication/attachments/<uuid:id>", TOKEN_OF_BRAND),
    *_api("GET", "/communication/attachments/<uuid:id>/content", TOKEN_OF_BRAND),
    *_api("GET", "/communication/messages", TOKEN, query="thread_id={thread_id}"),
    *_api("POST", "/communication/messages", TOKEN, {}),
    *_api("GET", "/communication/messages/<uuid:id>", TOKEN_OF_BRAND),
    *_api("PUT", "/communication/messages/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("PATCH", "/communication/messages/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("GET", "/communication/threads", TOKEN),
    *_api("POST", "/communication/threads", TOKEN, {}),
    *_api("GET", "/communication/threads/<uuid:id>", TOKEN_OF_BRAND),
    *_api("PUT", "/communication/threads/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("PATCH", "/communication/threads/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("GET", "/contacts", TOKEN),
    *_api("POST", "/contacts", TOKEN, {}),
    *_api("GET", "/contacts/<uuid:id>", TOKEN_OF_BRAND),
    *_api("PUT", "/contacts/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("PATCH", "/contacts/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("GET", "/tasks", TOKEN),
    *_api("POST", "/tasks", TOKEN, {}),
    *_api("GET", "/tasks/<uuid:id>", TOKEN_OF_BRAND),
    *_api("PUT", "/tasks/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("PATCH", "/tasks/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("GET", "/orders", TOKEN),
    *_api("POST", "/orders", TOKEN, {}),
    *_api("GET", "/orders/<uuid:id>", TOKEN_OF_BRAND),
    *_api("PUT", "/orders/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("PATCH", "/orders/<uuid:id>", TOKEN_OF_BRAND, {}),
    *_api("POST", "/external/send-email", TOKEN, {}),
    *_api("POST", "/external/send-bulk-email", TOKEN, {}),
    *_api("GET", "/external/send-bulk-email/<uuid:id>", TOKEN_OF_BRAND),
    *_api("GET", "/templates", TOKEN),
    *_api("POST", "/templates", TOKEN, {}),
    *_api("GET", "/templates/<uuid:id>", TOKEN_OF_BRAND),
    *_api("PUT", "/templates/<uuid:id>", TOKEN_OF_LEADS, {}),
    *_api("PATCH", "/templates/<uuid:id>", TOKEN_OF_LEADS, {}),
    *_api("GET", "/search", TOKEN, query="q=laadpaal"),
    *_api("GET", "/teams", TOKEN),
    *_api("GET", "/teams/<uuid:id>", TOKEN),
    *_api("GET", "/users", TOKEN),
    *_api("GET", "/users/<uuid:id>", TOKEN_OF_BRAND),
)

TABLE = (*PAGES, *SETTINGS, *OPEN, *API)

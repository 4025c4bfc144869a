"""Parse news about our account: templates, quality, restrictions, preferences, errors.

Every field of a webhook that nobody documented ends up here too, so that nothing a provider says goes unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.contract.account_notice import AccountNotice
from app.core.text import known
from app.providers.whatsapp_cloud.errors import reason_of
from app.providers.whatsapp_cloud.reading import Json, as_object, text_of

_STATUS = known("Template %(name)s is now %(status)s")
_QUALITY = known("Quality of template %(name)s: %(change)s")
_CATEGORY = known("Category of template %(name)s: %(change)s")
_ACCOUNT = known("WhatsApp account: %(news)s")
_NUMBER = known("Number %(number)s: %(news)s")

_BAD_TEMPLATE_EVENTS = frozenset({"REJECTED", "DISABLED", "PAUSED", "FLAGGED", "LIMIT_EXCEEDED", "LOCKED", "DELETED"})
_GRAVE_ACCOUNT_EVENTS = frozenset(
    {"ACCOUNT_RESTRICTION", "ACCOUNT_VIOLATION", "ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED", "DISABLED_UPDATE", "PARTNER_REMOVED"}
)


def error_notice(error: Json) -> AccountNotice:
    """Return the notice of an error that belongs to no status."""
    reason = reason_of(error)
    summary = " · ".join(filter(None, [reason.title, reason.detail, reason.code]))
    return AccountNotice("error", summary, "warning", error)


def preference_notice(preference: Json) -> AccountNotice:
    who = text_of(preference, "wa_id") or text_of(preference, "user_id") or "Somebody"
    what = text_of(preference, "category").replace("_", " ") or "messages"
    return AccountNotice("user_preference", f"{who}: {what}, {text_of(preference, 'value') or 'changed'}", "info", preference)


def action_notice(action: Json) -> AccountNotice:
    return AccountNotice("user_action", _spoken(text_of(action, "action_type") or "user action"), "info", action)


def account_notice(field: str, value: Json) -> AccountNotice:
    """Return the notice of a change of an account-level field, in one sentence; unknown fields are named and kept raw."""
    return _WRITERS.get(field, _other)(field, value)


def _template_status(field: str, value: Json) -> AccountNotice:
    event = text_of(value, "event")
    reason = text_of(as_object(value.get("rejection_info")), "reason") or _real_reason(value)
    description = text_of(as_object(value.get("other_info")), "description")
    summary = " · ".join(filter(None, [_STATUS % {"name": _template(value), "status": event or "?"}, reason or description]))
    return AccountNotice("template_status", summary, "warning" if event in _BAD_TEMPLATE_EVENTS else "info", value)


def _real_reason(value: Json) -> str:
    reason = text_of(value, "reason")
    return "" if reason in ("", "NONE") else reason


def _template(value: Json) -> str:
    name, language = text_of(value, "message_template_name"), text_of(value, "message_template_language")
    return f"{name or 'without a name'}{f' ({language})' if language else ''}"


def _template_quality(field: str, value: Json) -> AccountNotice:
    old, new = text_of(value, "previous_quality_score"), text_of(value, "new_quality_score")
    severity = "warning" if new == "RED" else "info"
    return AccountNotice("template_quality", _QUALITY % {"name": _template(value), "change": f"{old} → {new}"}, severity, value)


def _template_category(field: str, value: Json) -> AccountNotice:
    change = f"{text_of(value, 'previous_category') or '?'} → {text_of(value, 'new_category') or '?'}"
    return AccountNotice("template_category", _CATEGORY % {"name": _template(value), "change": change}, "warning", value)


def _account_update(field: str, value: Json) -> AccountNotice:
    event = text_of(value, "event")
    why = text_of(as_object(value.get("disconnection_info")), "reason")
    summary = " · ".join(filter(None, [_ACCOUNT % {"news": _spoken(event or "update")}, why]))
    return AccountNotice("account", summary, "error" if event in _GRAVE_ACCOUNT_EVENTS else "info", value)


def facts_of(number: Json) -> dict[str, str]:
    """Return the facts about a number that people should know: {"quality", "limit", "throughput"}, without those that Meta left
    out.

    `throughput` is a level of Meta's. It is "APP" for a number that is also in the WhatsApp Business app, which has its own
    limit.
    """
    found = {
        "quality": text_of(number, "quality_rating"),
        "limit": text_of(number, "whatsapp_business_manager_messaging_limit").removeprefix("TIER_"),
        "throughput": "APP" if number.get("is_on_biz_app") is True else text_of(as_object(number.get("throughput")), "level"),
    }
    return {name: value for name, value in found.items() if value}


def _number_quality(field: str, value: Json) -> AccountNotice:
    event = text_of(value, "event")
    summary = _NUMBER % {"number": text_of(value, "display_phone_number"), "news": _spoken(event or "quality changed")}
    severity = "warning" if event in ("FLAGGED", "DOWNGRADE") else "info"
    limit = text_of(value, "current_limit").removeprefix("TIER_")
    quality = {"FLAGGED": "RED", "UNFLAGGED": "GREEN"}.get(event, "")
    said = {name: word for name, word in (("quality", quality), ("limit", limit)) if word}
    return AccountNotice("number_quality", summary, severity, value, number=said)


def _capability(field: str, value: Json) -> AccountNotice:
    limit = text_of(value, "max_daily_conversations_per_business")
    shown = {"": "changed", "-1": "unlimited"}.get(limit, limit)
    said = {"limit": "UNLIMITED" if limit == "-1" else limit} if limit else {}
    return AccountNotice("messaging_limit", f"New conversations per day: {shown}", "info", value, number=said)


def _other(field: str, value: Json) -> AccountNotice:
    return AccountNotice(field[:60] or "unknown", f"News from WhatsApp: {_spoken(field[:60] or 'without a name')}", "info", value)


def _spoken(code: str) -> str:
    return code.replace("_", " ").lower()


_WRITERS: Mapping[str, Callable[[str, Json], AccountNotice]] = {
    "message_template_status_update": _template_status,
    "message_template_quality_update": _template_quality,
    "template_category_update": _template_category,
    "account_update": _account_update,
    "phone_number_quality_update": _number_quality,
    "business_capability_update": _capability,
}

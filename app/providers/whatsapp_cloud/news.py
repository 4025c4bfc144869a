"""Parse what Meta reports of one template after the template was listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.contract.catalogue import TemplateNews
from app.providers.whatsapp_cloud.reading import Json, as_object, text_of

# Events of a status that are no status of their own.
_STATUS_OF = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED", "FLAGGED": "APPROVED"}


def template_news(field: str, value: Json, account_id: str) -> TemplateNews | None:
    """Return the news about a template in a change of an account-level field. Return None if the change is about something
    else."""
    name, language = text_of(value, "message_template_name"), text_of(value, "message_template_language")
    if field == "message_template_components_update" and name:
        return TemplateNews(account_id, name, language, read_again=True)
    reader = _READERS.get(field)
    if reader is None or not name:
        return None
    return TemplateNews(account_id, name, language, **reader(value))


def _status(value: Json) -> dict[str, Any]:
    event = text_of(value, "event")
    given = text_of(as_object(value.get("rejection_info")), "reason") or text_of(value, "reason")
    other = as_object(value.get("other_info"))
    reason = given if given != "NONE" else ""
    said = reason or text_of(other, "description") or text_of(other, "title")
    category = text_of(value, "message_template_category")
    return {"status": _STATUS_OF.get(event, event), "reason": said, "category": category}


def _quality(value: Json) -> dict[str, Any]:
    return {"quality": text_of(value, "new_quality_score")}


def _category(value: Json) -> dict[str, Any]:
    return {"category": text_of(value, "new_category")}


_READERS: Mapping[str, Callable[[Json], dict[str, Any]]] = {
    "message_template_status_update": _status,
    "message_template_quality_update": _quality,
    "template_category_update": _category,
}

"""List the account's message templates, and check a filled-in template before it is sent.

Meta answers a wrong template with an error code about the whole; checking here names the very value, before anything is
sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.contract.base import ChannelAccount, OutgoingTemplate
from app.providers.whatsapp_cloud.api import CloudApi
from app.providers.whatsapp_cloud.reading import Json, as_list, as_object, text_of

BODY_CHARACTERS = 1024
_MAX_PAGES = 100
_FIELDS = "id,name,language,status,category,parameter_format,components,quality_score,rejected_reason"
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_UNFIT_TEXT = re.compile(r"[\n\r\t]| {5}")
_MEDIA_FORMATS = frozenset({"IMAGE", "VIDEO", "DOCUMENT"})


@dataclass(frozen=True)
class TemplateDefinition:
    """A template as the provider lists it. `components` have the provider's format. `status` is the provider's word (APPROVED,
    …)."""

    id: str
    name: str
    language: str
    status: str
    category: str
    parameter_format: str = "POSITIONAL"
    components: tuple[Json, ...] = ()
    quality: str = ""
    reason: str = ""

    def to_json(self) -> Json:
        """Return the JSON to store in `account.settings["templates"]`, which `definition_of` reads again."""
        return {**vars(self), "components": list(self.components)}

    def component(self, kind: str) -> Json:
        return next((part for part in self.components if text_of(part, "type").upper() == kind), {})

    def media_header(self) -> str:
        """Return the kind of file in the template's header ("image", "video", "document"). Return "" if it takes no file."""
        form = text_of(self.component("HEADER"), "format").upper()
        return form.lower() if form in _MEDIA_FORMATS else ""

    def buttons(self) -> list[Json]:
        return [button for button in as_list(self.component("BUTTONS").get("buttons")) if isinstance(button, dict)]


def definition_of(item: Mapping[str, Any]) -> TemplateDefinition:
    """Return the definition of a template from an item of the provider's list, or from a stored one.

    Any mapping will do, however incomplete.
    """
    return TemplateDefinition(
        id=text_of(item, "id"),
        name=text_of(item, "name"),
        language=text_of(item, "language"),
        status=text_of(item, "status"),
        category=text_of(item, "category"),
        parameter_format=text_of(item, "parameter_format") or "POSITIONAL",
        components=tuple(part for part in as_list(item.get("components")) if isinstance(part, dict)),
        quality=text_of(as_object(item.get("quality_score")), "score") or text_of(item, "quality"),
        reason=_real(text_of(item, "rejected_reason") or text_of(item, "reason")),
    )


def _real(reason: str) -> str:
    return "" if reason == "NONE" else reason


def list_definitions(api: CloudApi, *, account: ChannelAccount) -> tuple[TemplateDefinition, ...]:
    """List all templates of the account's business account (setting `waba_id`), page by page. Raises ProviderError."""
    path = f"{text_of(account.settings, 'waba_id')}/message_templates"
    found: list[TemplateDefinition] = []
    params = {"limit": "100", "fields": _FIELDS}
    for _ in range(_MAX_PAGES):
        page = api.get(path, account=account, params=params)
        found += [definition_of(item) for item in as_list(page.get("data")) if isinstance(item, dict)]
        paging = as_object(page.get("paging"))
        after = text_of(as_object(paging.get("cursors")), "after")
        if not after or not paging.get("next"):
            break
        params["after"] = after
    return tuple(found)


def find_definition(known: Any, template: OutgoingTemplate) -> TemplateDefinition | None:
    """Return the template's definition among the stored ones (`account.settings["templates"]`). Return None if there is none."""
    definitions = (definition_of(item) for item in as_list(known) if isinstance(item, dict))
    return next((found for found in definitions if (found.name, found.language) == (template.name, template.language)), None)


def template_problems(template: OutgoingTemplate, definition: TemplateDefinition | None = None) -> tuple[str, ...]:
    """Return a sentence for each thing that is wrong with a template. Return () if it may be sent.

    Without a definition only the form is checked. With a definition, the status, the name and number of each value, the
    header and the buttons are checked as well.
    """
    problems = list(_form_problems(template))
    if definition is not None and not problems:
        problems += _fit_problems(template, definition)
    return tuple(problems)


def _form_problems(template: OutgoingTemplate) -> Iterator[str]:
    if not _NAME.fullmatch(template.name):
        yield "The template's name may hold only lower-case letters, digits and underscores."
    if not _LANGUAGE.fullmatch(template.language):
        yield f"{template.language!r} is not a template language."
    for part in template.components:
        if text_of(part, "type") not in ("header", "body", "button"):
            yield "A template is filled in by header, body and button parts only."
            continue
        yield from _value_problems(part)


def _value_problems(part: Json) -> Iterator[str]:
    where = _place_of(part)
    if text_of(part, "type") == "button" and not text_of(part, "index").isdecimal():
        yield "A button part does not say which button it is for."
    for number, value in enumerate(_values(part), start=1):
        text = text_of(value, "text")
        if text_of(value, "type") == "text" and not text.strip():
            yield f"Value {number} of the {where} is empty."
        if _UNFIT_TEXT.search(text):
            yield f"Value {number} of the {where} holds a line break, a tab or more than four spaces in a row."


def _fit_problems(template: OutgoingTemplate, definition: TemplateDefinition) -> Iterator[str]:
    if definition.status != "APPROVED":
        yield f"The template is {definition.status.lower() or 'not approved'} at WhatsApp."
    yield from _header_problems(template, definition)
    yield from _body_problems(template, definition)
    yield from _button_problems(template, definition)


def _header_problems(template: OutgoingTemplate, definition: TemplateDefinition) -> Iterator[str]:
    header, values = definition.component("HEADER"), _values(_part(template, "header"))
    form = text_of(header, "format").upper()
    if form in _MEDIA_FORMATS:
        media = as_object(values[0].get(form.lower())) if len(values) == 1 else {}
        if not (text_of(media, "id") or text_of(media, "link")):
            yield f"The template's header needs one {form.lower()}."
    elif form == "LOCATION":
        if len(values) != 1 or not as_object(values[0].get("location")):
            yield "The template's header needs one location."
    else:
        yield from _name_problems("header", text_of(header, "text"), values, definition)


def _body_problems(template: OutgoingTemplate, definition: TemplateDefinition) -> Iterator[str]:
    text, values = text_of(definition.component("BODY"), "text"), _values(_part(template, "body"))
    yield from _name_problems("body", text, values, definition)
    filled = len(_PLACE.sub("", text)) + sum(len(text_of(value, "text")) for value in values)
    if filled > BODY_CHARACTERS:
        yield f"The filled-in body has {filled} characters; {BODY_CHARACTERS} are allowed."


def _name_problems(where: str, text: str, values: Sequence[Json], definition: TemplateDefinition) -> Iterator[str]:
    wanted = list(dict.fromkeys(_PLACE.findall(text)))
    if len(values) != len(wanted):
        yield f"The {where} needs {len(wanted)} values, {len(values)} are given."
    elif definition.parameter_format.upper() == "NAMED":
        given = {text_of(value, "parameter_name") for value in values}
        missing = [name for name in wanted if name not in given]
        if missing:
            yield f"The {where} needs values for {', '.join(missing)}."


def _button_problems(template: OutgoingTemplate, definition: TemplateDefinition) -> Iterator[str]:
    buttons = definition.buttons()
    given = {int(text_of(part, "index")): part for part in template.components if text_of(part, "type") == "button"}
    for index, button in enumerate(buttons):
        if _needs_value(button) and not _values(given.get(index, {})):
            yield f"Button {index + 1} ({text_of(button, 'text')}) needs a value."
    for index in sorted(given):
        if index >= len(buttons):
            yield f"The template has no button {index + 1}."
        elif text_of(buttons[index], "type").upper() == "URL" and not _needs_value(buttons[index]):
            yield f"Button {index + 1} takes no value."


def _needs_value(button: Json) -> bool:
    kind = text_of(button, "type").upper()
    return kind in ("COPY_CODE", "OTP") or (kind == "URL" and bool(_PLACE.search(text_of(button, "url"))))


def _part(template: OutgoingTemplate, kind: str) -> Json:
    return next((part for part in template.components if text_of(part, "type") == kind), {})


def _values(part: Json) -> list[Json]:
    return [value for value in as_list(part.get("parameters")) if isinstance(value, dict)]


def _place_of(part: Json) -> str:
    kind = text_of(part, "type")
    return f"button {text_of(part, 'index')}" if kind == "button" else kind

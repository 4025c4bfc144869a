"""Choose and fill in an approved template of a chat channel. No database.

A channel's templates are stored in `settings["templates"]` as its provider lists them: name, language, status and
components. The component of type BODY has the text, with placeholders such as {{1}} or {{name}}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.connections.models import Channel

MEDIA = ("IMAGE", "VIDEO", "DOCUMENT")
PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class TemplateChoice:
    """An approved template that may be sent. `places`: the names or numbers of its placeholders in order, each once. `named`
    True: the provider wants values by name, not by position."""

    name: str
    language: str
    body: str
    places: tuple[str, ...]
    named: bool
    header: str = ""  # the kind of file at its head: image, video, document

    @property
    def accept(self) -> str:
        """Return the value of the `accept` attribute of the file input for the header, or "" if any file type may be chosen."""
        return {"image": "image/jpeg,image/png", "video": "video/mp4,video/3gpp"}.get(self.header, "")

    @property
    def file_field(self) -> str:
        """Return the name of the form field for the header's file. The field for a file that is already in the thread has this
        name and ":kept"."""
        return f"header:{self.key}"

    @property
    def key(self) -> str:
        return f"{self.name}/{self.language}"

    def field(self, place: str) -> str:
        """Return the name of the form field for the value of a placeholder."""
        return f"value:{self.key}:{place}"


@dataclass(frozen=True)
class FilledTemplate:
    """A filled-in template. `template`: its JSON in the delivery. `text`: the text that the recipient reads. `missing`: the
    placeholders without a value."""

    template: dict[str, Any]
    text: str
    missing: tuple[str, ...]
    file_field: str = ""  # "" where it has no file at its head


def template_choices(channel: Channel) -> tuple[TemplateChoice, ...]:
    """Return the approved templates of a channel that we can fill in, ordered by name and language."""
    listed = [item for item in channel.settings.get("templates", []) if isinstance(item, Mapping)]
    usable = [_choice(item) for item in listed if is_usable(item)]
    return tuple(sorted(usable, key=lambda choice: (choice.name, choice.language)))


def is_usable(item: Mapping[str, Any]) -> bool:
    return str(item.get("status", "APPROVED")).upper() == "APPROVED" and not wants_more(item)


def wants_more(item: Mapping[str, Any]) -> bool:
    """Return whether the template needs values that we cannot fill in: anything besides the values of its body and the file in
    its header."""
    for part in item.get("components", []):
        if not isinstance(part, Mapping):
            continue
        kind, form = str(part.get("type", "")).upper(), str(part.get("format", "TEXT")).upper()
        if kind == "HEADER" and form not in MEDIA and (form != "TEXT" or PLACE.search(str(part.get("text", "")))):
            return True
        buttons = [button for button in part.get("buttons") or [] if isinstance(button, Mapping)]
        if kind == "BUTTONS" and any(_takes_value(button) for button in buttons):
            return True
    return False


def _takes_value(button: Mapping[str, Any]) -> bool:
    kind = str(button.get("type", "")).upper()
    return kind in ("COPY_CODE", "OTP") or (kind == "URL" and bool(PLACE.search(str(button.get("url", "")))))


def _choice(item: Mapping[str, Any]) -> TemplateChoice:
    parts = [part for part in item.get("components", []) if isinstance(part, Mapping)]
    body = next(
        (str(part.get("text", "")) for part in parts if str(part.get("type", "")).upper() == "BODY"), str(item.get("body", ""))
    )
    named = str(item.get("parameter_format", "")).upper() == "NAMED"
    forms = [str(part.get("format", "")).upper() for part in parts if str(part.get("type", "")).upper() == "HEADER"]
    header = next((form.lower() for form in forms if form in MEDIA), "")
    places = tuple(dict.fromkeys(PLACE.findall(body)))
    return TemplateChoice(str(item.get("name", "")), str(item.get("language", "")), body, places, named, header)


def fill_choice(choice: TemplateChoice, values: Mapping[str, str]) -> FilledTemplate:
    """Fill in a template with values by placeholder. Placeholders without a value, or with an empty one, are listed in
    `missing`."""
    given = {place: " ".join(values.get(place, "").split()) for place in choice.places}
    parameters = [{"type": "text", **({"parameter_name": p} if choice.named else {}), "text": v} for p, v in given.items()]
    components = [{"type": "body", "parameters": parameters}] if parameters else []
    return FilledTemplate(
        template={
            "name": choice.name,
            "language": choice.language,
            "components": components,
            **({"header": choice.header} if choice.header else {}),
        },
        text=PLACE.sub(lambda found: given[found.group(1)], choice.body),
        missing=tuple(place for place, value in given.items() if not value),
        file_field=choice.file_field if choice.header else "",
    )

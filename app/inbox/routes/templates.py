"""Approved message templates in the composer: which there are, which values they want, and the filled-in one.

A channel keeps its templates in `settings["templates"]`, as its provider lists them: name, language, status, and components of
which the one of type BODY holds the text with places like {{1}} or {{name}}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.connections.models import Channel

PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class TemplateChoice:
    """A template one may send. `places` are its blanks in order, each once; `named` says how the provider wants the values."""

    name: str
    language: str
    body: str
    places: tuple[str, ...]
    named: bool

    @property
    def key(self) -> str:
        return f"{self.name}/{self.language}"

    def field(self, place: str) -> str:
        """The name of the form field that fills a place."""
        return f"value:{self.key}:{place}"


@dataclass(frozen=True)
class FilledTemplate:
    """What a delivery keeps (`template`), and the words as the receiver will read them (`text`)."""

    template: dict[str, Any]
    text: str
    missing: tuple[str, ...]


def template_choices(channel: Channel) -> tuple[TemplateChoice, ...]:
    """The approved templates of a channel, by name and language."""
    listed = [item for item in channel.settings.get("templates", []) if isinstance(item, Mapping)]
    usable = [_choice(item) for item in listed if str(item.get("status", "APPROVED")).upper() == "APPROVED"]
    return tuple(sorted(usable, key=lambda choice: (choice.name, choice.language)))


def _choice(item: Mapping[str, Any]) -> TemplateChoice:
    parts = [part for part in item.get("components", []) if isinstance(part, Mapping)]
    body = next(
        (str(part.get("text", "")) for part in parts if str(part.get("type", "")).upper() == "BODY"), str(item.get("body", ""))
    )
    named = str(item.get("parameter_format", "")).upper() == "NAMED"
    return TemplateChoice(
        str(item.get("name", "")), str(item.get("language", "")), body, tuple(dict.fromkeys(PLACE.findall(body))), named
    )


def fill_template(channel: Channel, form: Mapping[str, str]) -> FilledTemplate | None:
    """The template chosen in a form, filled in with its values; None if none was chosen or it is not there any more."""
    choice = next((c for c in template_choices(channel) if c.key == form.get("template")), None)
    if choice is None:
        return None
    values = {place: " ".join(form.get(choice.field(place), "").split()) for place in choice.places}
    parameters = [{"type": "text", **({"parameter_name": p} if choice.named else {}), "text": v} for p, v in values.items()]
    components = [{"type": "body", "parameters": parameters}] if parameters else []
    return FilledTemplate(
        template={"name": choice.name, "language": choice.language, "components": components},
        text=PLACE.sub(lambda found: values[found.group(1)], choice.body),
        missing=tuple(place for place, value in values.items() if not value),
    )

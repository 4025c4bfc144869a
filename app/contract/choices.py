"""Buttons, lists and contact requests of a chat message, which a contact taps instead of writing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

BUTTONS, LIST, NUMBER = "buttons", "list", "number"


@dataclass(frozen=True)
class Choice:
    """One button, or one row of a list, that a contact can tap. `description` is a second line, which only rows have."""

    title: str
    description: str = ""


@dataclass(frozen=True)
class Choices:
    """The buttons or the list of a message. `kind` is BUTTONS, LIST, or NUMBER (asks for the phone number and has no options).
    `label` is the text of the button that opens a list, and "" for other kinds."""

    kind: str
    options: tuple[Choice, ...]
    label: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON to store on a message and its delivery. `read_choices` reads it back."""
        return {"kind": self.kind, "label": self.label, "options": [asdict(option) for option in self.options]}


@dataclass(frozen=True)
class ChoiceLimits:
    """The limits of choices. `buttons` and `rows` are numbers of items, the others are lengths in characters. `text` limits the
    text above the choices."""

    buttons: int
    rows: int
    button_title: int
    row_title: int
    row_description: int
    label: int
    text: int


def read_choices(kept: dict[str, Any] | None) -> Choices | None:
    """Return the choices from JSON that `Choices.to_json` made. Return None if there is no JSON."""
    if not kept:
        return None
    options = tuple(Choice(option["title"], option.get("description", "")) for option in kept["options"])
    return Choices(kept["kind"], options, kept.get("label", ""))

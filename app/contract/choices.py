"""Buttons, lists and contact requests of a chat message, which a contact taps instead of writing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

BUTTONS, LIST, NUMBER = "buttons", "list", "number"


@dataclass(frozen=True)
class Choice:
    """One button or row to tap. `description` is a second line, of rows alone."""

    title: str
    description: str = ""


@dataclass(frozen=True)
class Choices:
    """The choices of a message. `kind`: BUTTONS, LIST or NUMBER (no options). `label`: the text that opens a list, else ""."""

    kind: str
    options: tuple[Choice, ...]
    label: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON stored on a message and its delivery, which `read_choices` reads."""
        return {"kind": self.kind, "label": self.label, "options": [asdict(option) for option in self.options]}


@dataclass(frozen=True)
class ChoiceLimits:
    """The limits of choices: how many buttons and rows, the others in characters. `text`: of the text above them."""

    buttons: int
    rows: int
    button_title: int
    row_title: int
    row_description: int
    label: int
    text: int


def read_choices(kept: dict[str, Any] | None) -> Choices | None:
    """Return the choices from the JSON of `to_json`, None for nothing."""
    if not kept:
        return None
    options = tuple(Choice(option["title"], option.get("description", "")) for option in kept["options"])
    return Choices(kept["kind"], options, kept.get("label", ""))

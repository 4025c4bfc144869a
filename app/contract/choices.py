"""Buttons, lists and contact requests of a chat message, which somebody may tap instead of writing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

BUTTONS, LIST, NUMBER = "buttons", "list", "number"


@dataclass(frozen=True)
class Choice:
    """One thing to tap. `description` is a second line, of rows of a list alone."""

    title: str
    description: str = ""


@dataclass(frozen=True)
class Choices:
    """`kind`: BUTTONS, LIST or NUMBER, which has no options. `label`: what opens the list, else ""."""

    kind: str
    options: tuple[Choice, ...]
    label: str = ""

    def to_json(self) -> dict[str, Any]:
        """What `read_choices` reads, for keeping on a message and its delivery."""
        return {"kind": self.kind, "label": self.label, "options": [asdict(option) for option in self.options]}


@dataclass(frozen=True)
class ChoiceLimits:
    """In characters, and how many there may be. `text`: of the words above them."""

    buttons: int
    rows: int
    button_title: int
    row_title: int
    row_description: int
    label: int
    text: int


def read_choices(kept: dict[str, Any] | None) -> Choices | None:
    """Return what `to_json` made, None for nothing."""
    if not kept:
        return None
    options = tuple(Choice(option["title"], option.get("description", "")) for option in kept["options"])
    return Choices(kept["kind"], options, kept.get("label", ""))

"""What the published schema of Adaptive Cards 1.5 says of the elements our cards are made of.

`python -m tests.domain.notifications.card_schema FILE` holds thousands of our cards against the published file itself, which is
schemas/1.5.0/adaptive-card.json of microsoft/AdaptiveCards.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

from jsonschema_rs import validator_for

from app.providers.teams.card import Card, Line, render

CARDS = 5_000
SIGNS = "abc *_[]()<>&`~#|!-\\\n\t\u202e😀é\"'"


_WORDS, _YES_OR_NO = {"type": "string"}, {"type": "boolean"}
_SPACINGS = ["default", "none", "small", "medium", "large", "extraLarge", "padding"]


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_FACT = _object(["title", "value"], type={"const": "Fact"}, title=_WORDS, value=_WORDS)
_FACTS = _object(
    ["type", "facts"], type={"const": "FactSet"}, facts={"type": "array", "items": _FACT}, spacing={"enum": _SPACINGS}
)
_BLOCK = _object(
    ["type", "text"],
    type={"const": "TextBlock"},
    text=_WORDS,
    wrap=_YES_OR_NO,
    isSubtle=_YES_OR_NO,
    size={"enum": ["default", "small", "medium", "large", "extraLarge"]},
    weight={"enum": ["default", "lighter", "bolder"]},
    spacing={"enum": _SPACINGS},
)
_OPEN = _object(["type", "url"], type={"const": "Action.OpenUrl"}, title=_WORDS, url=_WORDS)
SCHEMA = _object(
    ["type", "version", "body"],
    **{"$schema": _WORDS},
    type={"const": "AdaptiveCard"},
    version={"const": "1.5"},
    body={"type": "array", "items": {"anyOf": [_BLOCK, _FACTS]}},
    actions={"type": "array", "items": _OPEN},
)


def faults_of(body: bytes, schema: dict[str, Any] = SCHEMA) -> list[str]:
    """What the schema has against the card within a request. Names of sizes and the like have no case, as published."""
    card = json.loads(body)["attachments"][0]["content"]
    for element in card["body"]:
        element |= {name: element[name].lower() for name in ("size", "weight", "spacing") if name in element}
    return [str(error.message)[:300] for error in validator_for(schema).iter_errors(card)]


def _cards() -> list[bytes]:
    dice = random.Random(1)

    def text(most: int) -> str:
        return "".join(dice.choice(SIGNS) for _ in range(dice.randrange(most)))

    def card(number: int) -> bytes:
        url = f"https://inbox.example/threads/{number}"
        lines = tuple(Line(text(500), text(300), url) for _ in range(dice.randrange(1, 30)))
        facts = tuple((text(50), text(400)) for _ in range(dice.randrange(6)))
        return render(Card(text(400), lines, facts, text(100) or "Open", url, text(60), f"Switchyard {number}"))

    return [card(number) for number in range(CARDS)]


def main(path: str) -> int:
    published = json.loads(Path(path).read_text())
    faults = [fault for body in _cards() for fault in faults_of(body, published)]
    print(f"{CARDS} cards, {len(faults)} faults", *faults[:3], sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""Build the Teams card of one or more notifications, for the trigger "When a Teams webhook request is received". Pure.

It is an Adaptive Card 1.5 in an envelope of attachments. Its texts are a small Markdown, so everything that people wrote is
escaped. The only action opens the item, because workflows support no other action.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 20_000
MOST_LINES = 10
_TAGS = re.compile(r"[<>&]")
_MARKS = re.compile(r"([\\`*_\[\]()#~>|!-])")


@dataclass(frozen=True)
class Line:
    """One notification in a card. `text` says what happened, `about` what it is about ("" if nothing), `url` leads to it."""

    text: str
    about: str
    url: str


@dataclass(frozen=True)
class Mention:
    """Somebody the card mentions. `user` is the address with which they sign in to Teams."""

    name: str
    user: str

    @property
    def text(self) -> str:
        """The mention as written in the card's text. Teams requires the same words in the mention's entity."""
        return f"<at>{_TAGS.sub('', self.name).strip()[:80] or self.user}</at>"


@dataclass(frozen=True)
class Card:
    """The content of a card. `facts` are (title, value). `open_words` is the label of the button to `open_url`.

    `more_words` says that there are more lines. `reference` is our own id. Everything except `title` and `reference` may
    contain what strangers wrote.
    """

    title: str
    lines: tuple[Line, ...]
    facts: tuple[tuple[str, str], ...]
    open_words: str
    open_url: str
    more_words: str
    reference: str
    mentions: tuple[Mention, ...] = ()


def render(card: Card) -> bytes:
    """Return the request body for a card, as JSON. Texts are cut to 300, 120 or 40 characters, so that it has at most
    MOST_BYTES."""
    for characters in (300, 120, 40):
        body = json.dumps(_envelope(card, characters), ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) <= MOST_BYTES:
            break
    return body


def escape(text: str, most: int = 300) -> str:
    """Return plain text for a card: one line, no Markdown, no tags, at most `most` characters of the input."""
    line = " ".join(text.split())
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    return _MARKS.sub(r"\\\1", line.replace("<", "‹").replace("&", "＆"))


def _envelope(card: Card, most: int) -> dict[str, Any]:
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [*_body(card, most), _text(card.reference, isSubtle=True, size="Small", spacing="Medium")],
        "actions": [{"type": "Action.OpenUrl", "title": card.open_words[:80], "url": card.open_url}],
    }
    if card.mentions:
        mentioned = [
            {"type": "mention", "text": one.text, "mentioned": {"id": one.user, "name": one.name}} for one in card.mentions
        ]
        content["msteams"] = {"entities": mentioned}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _body(card: Card, most: int) -> list[dict[str, Any]]:
    found = [_text(escape(card.title, most), weight="Bolder", size="Medium")]
    found += [_text(" ".join(one.text for one in card.mentions))] if card.mentions else []
    if len(card.lines) == 1:
        found += [_text(escape(line.about, most)) for line in card.lines if line.about]
    else:
        found += [_text(_linked(line, most)) for line in card.lines[:MOST_LINES]]
    if len(card.lines) > MOST_LINES:
        found.append(_text(escape(card.more_words), isSubtle=True))
    if card.facts:
        facts = [{"title": escape(title), "value": escape(value, most)} for title, value in card.facts]
        found.append({"type": "FactSet", "facts": facts})
    return found


def _linked(line: Line, most: int) -> str:
    about = f" · {escape(line.about, most)}" if line.about else ""
    return f"[{escape(line.text, most)}]({line.url}){about}"


def _text(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}

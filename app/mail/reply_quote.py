"""Write the quoted original below a reply of ours."""

from __future__ import annotations

from datetime import datetime
from typing import Final

_FORMS: Final = {
    "nl": "Op {day}-{month}-{year} om {time} schreef {author}:",
    "en": "On {year}-{month}-{day} at {time}, {author} wrote:",
    "de": "Am {day}.{month}.{year} um {time} schrieb {author}:",
    "fr": "Le {day}/{month}/{year} à {time}, {author} a écrit :",
}


def quote_for_reply(text: str, *, author: str, written_at: datetime, language: str = "en", max_lines: int = 200) -> str:
    """Return the attribution line and then `text` with "> " before each line. After `max_lines` lines the text is cut and a
    mark added.

    `written_at` is aware, in the zone that its reader should see. The attribution line is in nl, en, de or fr, and in
    English for other languages.
    """
    form = _FORMS.get(language[:2].lower(), _FORMS["en"])
    name = " ".join(author.split()) or "?"
    line = form.format(
        day=f"{written_at:%d}", month=f"{written_at:%m}", year=f"{written_at:%Y}", time=f"{written_at:%H:%M}", author=name
    )
    lines = text.strip("\n").split("\n")
    kept = [*lines[:max_lines], "[…]"] if len(lines) > max_lines else lines
    return "\n".join([line, *(_quoted(item.rstrip()) for item in kept)]) + "\n"


def _quoted(line: str) -> str:
    if not line:
        return ">"
    return f">{line}" if line.startswith(">") else f"> {line}"

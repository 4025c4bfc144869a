"""Read the written conversations of a demo company from `<company>_threads.toml` beside this file.

Each `[[stories]]` has the field names of `Story`. `language` at the top of the file is for stories without their own. A line
may begin with the hours since the line before it, as in "+26.5 < …". Without them, the pause is random.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from app.sandbox.demo.company import Story

STORIES = TypeAdapter(tuple[Story, ...])


def read_stories(company: str) -> tuple[Story, ...]:
    """Return the stories of a company. Raises pydantic.ValidationError if a story has an unknown field or value."""
    told = tomllib.loads((Path(__file__).parent / f"{company}_threads.toml").read_text("utf-8"))
    usual = {"language": told["language"], "subject": ""}
    return STORIES.validate_python([usual | _with_pauses(story) for story in told["stories"]])


def _with_pauses(story: dict[str, Any]) -> dict[str, Any]:
    read = [_read_line(line) for line in story["lines"]]
    return {**story, "lines": [line for _hours, line in read], "pauses": [hours for hours, _line in read]}


def _read_line(line: str) -> tuple[float | None, str]:
    if not line.startswith("+"):
        return None, line
    hours, _, words = line.partition(" ")
    return float(hours), words

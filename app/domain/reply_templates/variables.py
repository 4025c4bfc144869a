"""Parse templates and fill in their variables, such as {{contact.first_name|there}}.

A text is filled in once: a variable inside a filled-in value is not replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.translation import mark as N_

# Every variable there is, with what it stands for.
VARIABLES: Mapping[str, str] = {
    "contact.first_name": N_("First name of the contact"),
    "contact.name": N_("Full name of the contact"),
    "contact.organization": N_("Organisation of the contact"),
    "contact.email": N_("Email address of the contact"),
    "contact.phone": N_("Phone number of the contact"),
    "thread.subject": N_("Subject of the thread"),
    "thread.number": N_("Number of the thread"),
    "order.number": N_("Number of the order the thread is about"),
    "order.status": N_("Status of the order, in words for the customer"),
    "order.total": N_("Total of the order, with tax"),
    "order.articles": N_("Order lines"),
    "visit.date": N_("Day of the visit"),
    "visit.time": N_("Start of the visit"),
    "visit.end_time": N_("End of the visit"),
    "visit.place": N_("Place of the visit"),
    "visit.technician": N_("Technician of the visit"),
    "visit.technician_phone": N_("Phone number of the technician"),
    "brand.name": N_("Name of the brand"),
    "user.name": N_("Your name"),
    "user.first_name": N_("Your first name"),
    "user.email": N_("Your email address"),
    "date.today": N_("Today’s date"),
}
# Names other systems write for the same; they are taken as well.
ALIASES: Mapping[str, str] = {
    "customer_name": "contact.name",
    "order_id": "order.number",
    "order_status": "order.status",
    "order_total": "order.total",
    "articles": "order.articles",
    "installation_date": "visit.date",
    "visit_date": "visit.date",
    "visit_time": "visit.time",
    "technician_name": "visit.technician",
    "technician_phone": "visit.technician_phone",
    "team_contact": "brand.name",
}
PLACE = re.compile(r"\{\{[ \t]*+((?:[^{}|\n \t]++(?:[ \t]++(?=[^{}|\n \t]))?+)*+)[ \t]*+(?:\|([^{}\n]*+))?\}\}")
STRAY = re.compile(r"\{\{|\}\}")
HOLE = re.compile("⟦(" + "|".join(re.escape(name) for name in VARIABLES) + ")⟧")

TEXT, VALUE, FALLBACK, MISSING, UNKNOWN = "text", "value", "fallback", "missing", "unknown"


@dataclass(frozen=True)
class Problem:
    """An error at one place of a template. `kind` is "unknown" (there is no variable `name`) or "stray" (an unmatched brace).

    `line` and `column` count from 1.
    """

    kind: str
    name: str
    line: int
    column: int


@dataclass(frozen=True)
class Segment:
    """A piece of a filled-in text. `kind` is "text", or for a variable one of "value", "fallback", "missing" and "unknown".

    `name` is the name of the variable.
    """

    kind: str
    text: str
    name: str = ""


@dataclass(frozen=True)
class Filled:
    """A text with its variables filled in. A missing value leaves a visible mark in the text (see `hole`)."""

    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(s.name for s in self.segments if s.kind in (MISSING, UNKNOWN)))


def hole(name: str) -> str:
    """Return the mark for a missing value: ⟦name⟧."""
    return f"⟦{name}⟧"


def list_holes(text: str) -> tuple[str, ...]:
    """List the names of the variables whose marks (see `hole`) are still in the text, each once."""
    return tuple(dict.fromkeys(HOLE.findall(text)))


def named(written: str) -> str:
    """Return our name of a variable. `written` is this name or an alias from another system (`ALIASES`)."""
    return ALIASES.get(written, written)


def list_problems(text: str) -> tuple[Problem, ...]:
    """List the unknown variables and unmatched braces in the text, in the order of their places."""
    unknown = [
        (found.start(), "unknown", found.group(1)) for found in PLACE.finditer(text) if named(found.group(1)) not in VARIABLES
    ]
    blanked = PLACE.sub(lambda found: " " * len(found.group()), text)
    stray = [(found.start(), "stray", found.group()) for found in STRAY.finditer(blanked)]
    return tuple(Problem(kind, name, *_place(text, start)) for start, kind, name in sorted(unknown + stray))


def _place(text: str, start: int) -> tuple[int, int]:
    before = text[:start]
    return before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """Fill the values (by variable name) into a text. If a value is missing, the fallback after the bar is used.

    A missing value without a fallback, or an unknown variable, becomes a visible mark.
    """
    segments, end = [], 0
    for found in PLACE.finditer(text):
        segments.append(Segment(TEXT, text[end : found.start()]))
        segments.append(_segment(found.group(1), found.group(2), values))
        end = found.end()
    return Filled(tuple(_without_empty((*segments, Segment(TEXT, text[end:])))))


def _segment(written: str, fallback: str | None, values: Mapping[str, str]) -> Segment:
    name = named(written)
    if name not in VARIABLES:
        return Segment(UNKNOWN, hole(name), name)
    if values.get(name):
        return Segment(VALUE, values[name], name)
    if fallback is not None:
        return Segment(FALLBACK, fallback.strip(), name)
    return Segment(MISSING, hole(name), name)


def _without_empty(segments: Iterable[Segment]) -> Iterable[Segment]:
    return (segment for segment in segments if segment.text)

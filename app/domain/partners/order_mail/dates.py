"""Read the date that the customer wishes in an order mail. The day comes before the month: "03-04-2026" is 3 April.

"week 49" and "as soon as possible" are not read as a date. They stay in the notes for a person.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januari january janvier januar jan", "februari february février februar feb", "maart march mars märz mrt",
            "april avril apr", "mei may mai", "juni june juin jun", "juli july juillet jul", "augustus august août aug",
            "september septembre sep", "oktober october octobre okt oct", "november novembre nov",
            "december décembre dezember dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO: Final = re.compile(r"\b(20\d\d)-(\d{1,2})-(\d{1,2})\b")
_FIGURES: Final = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.](20\d\d)\b")
_WORDS: Final = re.compile(r"\b(\d{1,2})\.? ([a-zéûä]{3,10})\.? (20\d\d)\b", re.IGNORECASE)


def read_date(text: str) -> date | None:
    """Return the date in the text. Return None if the text has no date or several different ones."""
    text = text[:200]
    found = set()
    for pattern, order in ((_ISO, (1, 2, 3)), (_FIGURES, (3, 2, 1))):
        found |= {_day(*(int(match[place]) for place in order)) for match in pattern.finditer(text)}
    for match in _WORDS.finditer(text):
        month = MONTHS.get(match[2].casefold())
        found.add(_day(int(match[3]), month, int(match[1])) if month else None)
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None

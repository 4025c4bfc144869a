"""Find a promise and its date in the text of a reply. Pure: no database, no clock.

A doubtful promise is left out, because a task that nobody needs is worse than a task that somebody creates by hand. A
promise must name a day, so "as soon as possible" is not a promise. Text that is quoted, a question, a denial or up to the
reader is not a promise either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from app.domain.tasks.due import MORNING
from app.domain.tasks.promise_words import CLOCK, ENDS, LANGUAGES, NAMES_ANOTHER, NUMBERS, Language

EVENING: Final = time(17)  # the end of a working day
WHAT_CHARACTERS: Final = 200
_TEXT_LOOKED_AT: Final = 20_000
_LINE_LOOKED_AT: Final = 1000
_FARTHEST: Final = timedelta(days=300)  # a date further ahead was meant to lie behind us
_SENTENCE_ENDS: Final = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý\"“«¿(])")
_CLAUSE_ENDS: Final = re.compile(r"[,;:!()]\s+|\.\s+|\s[–—-]\s")
_SAID_BY_OTHERS: Final = re.compile(r"[\"“”«„][^\"“”»„]{0,300}[\"”»“]")
_SHORT: Final = 4  # words of a clause that only says when
_EVERY_DAY: Final = tuple(
    pattern
    for language in LANGUAGES
    for pattern in (language.today, language.tomorrow, language.day_after, language.next_week, language.weekday, language.date)
)


@dataclass(frozen=True)
class Promise:
    """A promise in the words of the reply, and its due date. `due_time` None means the end of that day."""

    what: str
    due_date: date
    due_time: time | None


def find_promise(text: str, *, at: datetime, zone: str) -> Promise | None:
    """Return the first promise in a text that was sent at `at` (aware). Return None if there is none.

    Words such as "tomorrow" are read as days in `zone`.
    """
    local = at.astimezone(ZoneInfo(zone))
    for sentence in _sentences(text):
        if sentence.rstrip().endswith("?"):
            continue
        due = _due_of(_SAID_BY_OTHERS.sub(" ", sentence), local)
        if due is not None:
            return Promise(_clipped(sentence), *due)
    return None


def _sentences(text: str) -> Iterator[str]:
    """Yield the sentences of the writer, up to a closing phrase or a signature. Quoted lines are left out."""
    for line in text[:_TEXT_LOOKED_AT].splitlines():
        line = line[:_LINE_LOOKED_AT]
        if ENDS.fullmatch(line):
            return
        if line.strip() and not line.lstrip().startswith(">"):
            yield from _SENTENCE_ENDS.split(line.strip())


def _clipped(sentence: str) -> str:
    words = " ".join(sentence.split()).rstrip(" .!:;,")
    return words if len(words) <= WHAT_CHARACTERS else words[: WHAT_CHARACTERS - 1].rstrip() + "…"


def _due_of(sentence: str, local: datetime) -> tuple[date, time | None] | None:
    for clause in _clauses(sentence):
        for language in LANGUAGES:
            if language.offers.search(sentence) or language.denies.search(clause):
                continue
            done_at = [match.end() for pattern in language.commits for match in pattern.finditer(clause)]
            due = _nearest(_days(language, clause, local), done_at) if done_at else None
            if due is not None:
                return _at_its_time(due, clause, local)
    return None


def _clauses(sentence: str) -> list[str]:
    """Return the clauses of a sentence. A short neighbouring clause that names a day is joined to each."""
    parts = [part for part in _CLAUSE_ENDS.split(sentence) if part.strip()]
    says_when = [len(part.split()) <= _SHORT and any(p.search(part) for p in _EVERY_DAY) for part in parts]
    return [
        " , ".join(part for at, part in enumerate(parts) if at == index or (abs(at - index) == 1 and says_when[at]))
        for index in range(len(parts))
    ]


def _nearest(days: list[tuple[int, int, datetime | date]], done_at: list[int]) -> datetime | date | None:
    """Return the named day that is closest to the promise in the clause. Return None if no day is named.

    `done_at` are the places in the clause at which a promise ends.
    """
    away = [(min(max(start - place, place - end, 0) for place in done_at), start, when) for start, end, when in days]
    return min(away, key=lambda each: each[:2])[2] if away else None


def _days(language: Language, clause: str, local: datetime) -> list[tuple[int, int, datetime | date]]:
    """Return (start, end, day) for every day that the clause names; start and end are places in the clause.

    For a time such as "within two hours", `day` is a datetime.
    """
    today = local.date()
    friday = today + timedelta(days=max(4 - today.weekday(), 0))
    fixed = (
        (language.today, today),
        (language.tomorrow, today + timedelta(days=1)),
        (language.day_after, today + timedelta(days=2)),
        (language.this_week, friday),
        (language.next_week, today + timedelta(days=7 - today.weekday())),
    )
    found: list[tuple[int, int, datetime | date]] = [
        (*match.span(), day) for pattern, day in fixed for match in pattern.finditer(clause)
    ]
    for match in language.weekday.finditer(clause):
        ahead = (language.weekdays.index(match["name"].lower()) - today.weekday() - 1) % 7 + 1
        found.append((*match.span(), today + timedelta(days=ahead)))
    for match in language.within.finditer(clause):
        found.append((*match.span(), _after(local, match)))
    for match in language.date.finditer(clause):
        day = _date(language.months.index(match["month"].lower()) + 1, int(match["day"]), today)
        if day is not None:
            found.append((*match.span(), day))
    return [each for each in found if not NAMES_ANOTHER.search(clause[: each[0]])]


def _after(local: datetime, match: re.Match[str]) -> datetime | date:
    count = NUMBERS.get(match["count"].lower()) or int(match["count"])
    unit = match["unit"].lower()
    if unit in ("hour", "uur", "uren", "heure"):
        return local + timedelta(hours=count)
    if unit in ("week", "weken", "semaine"):
        return local.date() + timedelta(weeks=count)
    day = local.date()
    while count > 0:
        day += timedelta(days=1)
        count -= 0 if match["working"] and day.weekday() > 4 else 1
    return day


def _date(month: int, day: int, today: date) -> date | None:
    for year in (today.year, today.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found if found - today <= _FARTHEST else None
    return None


def _at_its_time(due: datetime | date, clause: str, local: datetime) -> tuple[date, time | None]:
    """Return the due date and time. The time is taken from the clause; if the clause has none, it is `MORNING`.

    For today, a time that is over does not count, and `EVENING` is used instead. If that is over too, the time is None (the
    end of the day).
    """
    if isinstance(due, datetime):
        at = due.replace(second=0, microsecond=0, tzinfo=None)
        return at.date(), at.time()
    clock = _clock(clause)
    if due > local.date():
        return due, clock or MORNING
    now = local.time()
    return due, next((at for at in (clock, EVENING) if at is not None and at > now), None)


def _clock(clause: str) -> time | None:
    match = next((m for m in CLOCK.finditer(clause) if m["minute"] or m["half"] or not m.group().rstrip()[-1].isdigit()), None)
    if match is None:
        return None
    hour = int(match["hour"])
    if match["half"] and hour <= 12:
        hour = hour % 12 + (12 if match["half"].lower().startswith("p") else 0)
    return time(hour, int(match["minute"] or 0))

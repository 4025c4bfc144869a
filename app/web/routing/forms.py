"""Forms of a routing rule and of a person's capacity."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.routing.models import CAPACITY, MOST_CAPACITY, STICKY_DAYS_AT_MOST, RoutingProfile, RoutingRule, Strategy
from app.domain.routing.rule_actions import Abilities, RuleContent
from app.domain.threads.models import ThreadType
from app.domain.threads.tags import BadTag, clean_tag

NAME_CHARACTERS = 80
WORDS_AT_MOST = 20
MINUTES_AT_MOST = 7 * 24 * 60
LANGUAGE = re.compile(r"[a-z]{2,3}")
SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})")
DAY_MINUTES = 24 * 60
TIERS = (1, 2, 3)
RULE_FIELDS = ("name", "channel", "thread_type", "strategy", "skills", "speaks_language", "sticky_days", "team_1",
               "team_2", "minutes_2", "team_3", "minutes_3")  # fmt: skip
EVERYBODY, NOBODY = "all", ""
DAYS = tuple(f"day_{number}" for number in range(7))
PERSON_FIELDS = ("capacity", "skills", "languages", *DAYS)


@dataclass
class Filled:
    """A form's values as typed and its errors, by field."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def number(self, name: str, *, most: int) -> int:
        """Return the whole number (0 to `most`) in the field `name`. Return 0 for an empty field. For anything else, add an
        error and return 0."""
        text = self.values[name] or "0"
        if not text.isascii() or not text.isdigit() or int(text) > most:
            self.errors[name] = _("Enter a whole number from 0 to %(most)s.", most=most)
            return 0
        return int(text)

    def words(self, name: str) -> tuple[str, ...]:
        """Return the words in the field `name`, which commas separate, in lower case. If one is invalid, add an error and
        return ()."""
        try:
            found = tuple(dict.fromkeys(clean_tag(text).lower() for text in self.values[name].split(",") if text.strip()))
        except BadTag:
            self.errors[name] = _("Separate entries with commas; use one to fifty characters for each.")
            return ()
        if len(found) > WORDS_AT_MOST:
            self.errors[name] = _("Use at most %(count)s entries, separated by commas.", count=WORDS_AT_MOST)
        return found


def read(fields: tuple[str, ...], posted: dict[str, str]) -> Filled:
    return Filled({name: " ".join(storable(posted.get(name, "")).split()) for name in fields})


def empty_rule(channel: str = "") -> Filled:
    values = {**dict.fromkeys(RULE_FIELDS, ""), "channel": channel, "team_1": EVERYBODY, "strategy": Strategy.ROUND_ROBIN.value}
    return Filled({**values, "sticky_days": "0", "minutes_2": "15", "minutes_3": "30"})


def form_of_rule(rule: RoutingRule) -> Filled:
    form = empty_rule(str(rule.channel_id))
    form.values |= {
        "name": rule.name,
        "thread_type": rule.thread_type or "",
        "strategy": rule.strategy,
        "skills": ", ".join(rule.skills),
        "speaks_language": "yes" if rule.speaks_language else "",
        "sticky_days": str(rule.sticky_days),
    }
    for number, tier in zip(TIERS, rule.tiers, strict=False):
        form.values[f"team_{number}"] = tier["team_id"] or EVERYBODY
        form.values[f"minutes_{number}"] = str(tier["after_minutes"])
    return form


def read_rule(posted: dict[str, str], *, channels: set[str], teams: set[str]) -> tuple[Filled, RuleContent | None]:
    """Return the pair (posted form, content of the rule). The content is None if the form has errors.

    `channels` and `teams`: the ids that may be chosen.
    """
    form = read(RULE_FIELDS, posted)
    values, errors = form.values, form.errors
    if not values["name"]:
        errors["name"] = _("Enter a name.")
    elif len(values["name"]) > NAME_CHARACTERS:
        errors["name"] = _("Use at most %(count)s characters.", count=NAME_CHARACTERS)
    if values["channel"] not in channels:
        errors["channel"] = _("Choose a channel.")
    if values["thread_type"] and values["thread_type"] not in set(ThreadType):
        errors["thread_type"] = _("Choose one from the list.")
    if values["strategy"] not in set(Strategy):
        errors["strategy"] = _("Choose one from the list.")
    skills, sticky = form.words("skills"), form.number("sticky_days", most=STICKY_DAYS_AT_MOST)
    tiers = _tiers(form, teams)
    if errors:
        return form, None
    content = RuleContent(
        channel_id=uuid.UUID(values["channel"]),
        name=values["name"],
        strategy=Strategy(values["strategy"]),
        tiers=tiers,
        thread_type=ThreadType(values["thread_type"]) if values["thread_type"] else None,
        skills=skills,
        speaks_language=values["speaks_language"] == "yes",
        sticky_days=sticky,
    )
    return form, content


def _tiers(form: Filled, teams: set[str]) -> tuple[dict[str, object], ...]:
    found: list[dict[str, object]] = []
    for number in TIERS:
        team = form.values[f"team_{number}"]
        if team not in (EVERYBODY, NOBODY) and team not in teams:
            form.errors[f"team_{number}"] = _("Choose one from the list.")
        minutes = form.number(f"minutes_{number}", most=MINUTES_AT_MOST) if number > 1 else 0
        if team != NOBODY:
            found.append({"team_id": None if team == EVERYBODY else team, "after_minutes": minutes})
    if form.values["team_1"] == NOBODY:
        form.errors["team_1"] = _("Choose a group under “First group”.")
    return tuple(found)


def form_of_person(profile: RoutingProfile | None, *, sees_all: bool) -> Filled:
    """Return the form of a user's capacity, skills and hours, with defaults if nothing is saved.

    `sees_all`: the default capacity is 0, so that this user gets no threads by default.
    """
    if profile is None:
        return Filled({**dict.fromkeys(PERSON_FIELDS, ""), "capacity": "0" if sees_all else str(CAPACITY)})
    values = {"capacity": str(profile.capacity), "skills": ", ".join(profile.skills), "languages": ", ".join(profile.languages)}
    days = {DAYS[day]: ", ".join(_span(a, b) for d, a, b in profile.hours if d == day) for day in range(7)}
    return Filled({**values, **days})


def read_person(posted: dict[str, str]) -> tuple[Filled, Abilities | None]:
    """Return the pair (posted form, the user's abilities). The abilities are None if the form has errors."""
    form = read(PERSON_FIELDS, posted)
    languages = form.words("languages")
    if any(not LANGUAGE.fullmatch(language) for language in languages):
        form.errors["languages"] = _("Write each language as two letters: nl, en, fr.")
    abilities = Abilities(
        capacity=form.number("capacity", most=MOST_CAPACITY),
        skills=form.words("skills"),
        languages=languages,
        hours=tuple(sorted(span for day in range(7) for span in _spans(form, day))),
    )
    return form, None if form.errors else abilities


def _spans(form: Filled, day: int) -> list[tuple[int, int, int]]:
    """Return the working hours typed for a day as tuples (day, start, end), in minutes from midnight.

    Hours that go past midnight are split: the second part belongs to the next day.
    """
    spans: list[tuple[int, int, int]] = []
    for part in filter(None, (part.strip() for part in form.values[DAYS[day]].split(","))):
        found = SPAN.fullmatch(part)
        start, end = (_minutes(*found.group(1, 2)), _minutes(*found.group(3, 4))) if found else (-1, -1)
        if start < 0 or end < 0 or start in (end, DAY_MINUTES):
            form.errors[DAYS[day]] = _("Write times like 09:00-12:30, 13:00-17:30.")
        elif end > start:
            spans.append((day, start, end))
        else:
            spans += [(day, start, DAY_MINUTES), *([((day + 1) % 7, 0, end)] if end else [])]
    return spans


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    return total if int(minutes) < 60 and total <= DAY_MINUTES else -1


def _span(start: int, end: int) -> str:
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"

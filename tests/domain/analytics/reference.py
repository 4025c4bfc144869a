"""The slow way to the same facts: from what was done to each thread, as a list of acts, without a clock or a query of ours."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.analytics.kinds import Kind
from tests.domain.sla.reference import SlowCalendar

TARGET_SECONDS = {"email": 4 * 3600, "whatsapp": 3600}
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Act:
    """Something that was done: ask, answer, resolve, or give (to `who`). `merges`: asked in a thread of its own, which was merged
    so many times and is one with the other since."""

    at: datetime
    what: str
    who: uuid.UUID | None = None
    merges: int = 0


@dataclass
class Story:
    """One thread, from its first question on. `contact` names who asks."""

    brand: str
    medium: str
    contact: str
    acts: list[Act] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, as far as two implementations can agree on one."""

    kind: Kind
    at: datetime
    brand: str
    medium: str
    user_id: uuid.UUID | None
    open_seconds: int | None = None
    wall_seconds: int | None = None
    met: bool | None = None


@dataclass
class Matter:
    """From a first question to the last closing. `holds`: stretches in which the desk waited for nobody."""

    begins: datetime
    ends: datetime | None = None
    answers: list[Act] = field(default_factory=list)
    reopened: bool = False
    asked_again: bool = False


class SlowReport:
    """All facts of some stories by `now`."""

    def __init__(self, stories: Sequence[Story], calendars: Mapping[str, SlowCalendar], now: datetime) -> None:
        self.stories, self.calendars, self.now = stories, calendars, now
        self.begun = defaultdict[tuple[str, str], list[datetime]](list)
        for story in stories:
            self.begun[story.brand, story.contact] += [matter.begins for matter in self.matters(story)]

    def facts(self) -> Iterator[Told]:
        for story in self.stories:
            yield from self.of(story)

    def open_seconds(self, story: Story, begin: datetime, end: datetime) -> int:
        return self.calendars[story.brand].between(int(begin.timestamp()), int(end.timestamp()))

    def due(self, story: Story, begin: datetime, seconds: int) -> datetime:
        """The first minute by which so much open time has passed."""
        minute, left = int(begin.timestamp()) // 60, seconds
        while left > 0:
            left -= 60 if self.calendars[story.brand].is_open(minute) else 0
            minute += 1
        return datetime.fromtimestamp(minute * 60, begin.tzinfo)

    def holder(self, story: Story, at: datetime) -> uuid.UUID | None:
        """Whoever it was given to last, or who answered what nobody had."""
        found: uuid.UUID | None = None
        for act in story.acts:
            if act.at <= at and (act.what == "give" or (act.what == "answer" and found is None)):
                found = act.who if act.what == "give" else ANSWERER
        return found

    def matters(self, story: Story) -> list[Matter]:
        found: list[Matter] = []
        closed: datetime | None = None
        for act in story.acts:
            if act.what == "ask":
                if closed is not None and act.at - closed > WEEK:
                    found[-1].ends = closed
                    found.append(Matter(act.at))
                elif not found:
                    found.append(Matter(act.at))
                closed = None
            elif act.what == "answer":
                found[-1].answers.append(act)
            elif act.what == "resolve":
                closed = closed or act.at
        if closed is not None:
            found[-1].ends = closed
        return found

    def responses(self, story: Story) -> list[tuple[bool, datetime, datetime | None, Act | None]]:
        """(is the first of its matter, begin, end, answer); an end without an answer was a closing."""
        found: list[tuple[bool, datetime, datetime | None, Act | None]] = []
        begin: datetime | None = None
        answered, closed = False, None
        for act in story.acts:
            if act.what == "ask":
                if closed is not None and begin is not None:
                    found.append((not answered, begin, closed, None))
                    begin = None
                if closed is not None and act.at - closed > WEEK:
                    answered = False
                closed, begin = None, begin or act.at
            elif act.what == "answer" and begin is not None:
                found.append((not answered, begin, act.at, act))
                begin, answered = None, True
            elif act.what == "resolve":
                closed = closed or act.at
        if begin is not None:
            found.append((not answered, begin, closed, None))
        return found

    def of(self, story: Story) -> Iterator[Told]:
        for is_first, begin, end, answer in self.responses(story):
            yield from self.response(story, is_first, begin, end, answer)
        again = self.reopenings(story)
        for matter in self.matters(story):
            yield from self.matter(story, matter, [at for _closed, at in again])
        for act in story.acts:
            if act.what == "ask":
                yield Told(Kind.MESSAGE_IN, act.at, story.brand, story.medium, None)
            elif act.what == "answer":
                yield Told(Kind.MESSAGE_OUT, act.at, story.brand, story.medium, act.who, met=False)
            elif act.what == "resolve":
                yield Told(Kind.CLOSING, act.at, story.brand, story.medium, self.holder(story, act.at) or act.who)
        for closed, at in again:
            by = next(act.who for act in story.acts if act.what == "resolve" and act.at == closed)
            yield Told(Kind.REOPENED, at, story.brand, story.medium, self.holder(story, closed) or by)

    def response(self, story: Story, is_first: bool, begin: datetime, end: datetime | None, answer: Act | None) -> Iterator[Told]:
        due = self.due(story, begin, TARGET_SECONDS[story.medium])
        promise = Kind.FIRST_PROMISE if is_first else Kind.NEXT_PROMISE
        if answer is not None and end is not None:
            kind = Kind.FIRST_RESPONSE if is_first else Kind.NEXT_RESPONSE
            seconds = (self.open_seconds(story, begin, end), int((end - begin).total_seconds()))
            yield Told(kind, end, story.brand, story.medium, answer.who, *seconds)
            if end <= due:
                yield Told(promise, end, story.brand, story.medium, answer.who, *seconds, met=True)
        if due <= self.now and (end is None or end > due):
            yield Told(promise, due, story.brand, story.medium, self.holder(story, due), met=False)

    def reopenings(self, story: Story) -> list[tuple[datetime, datetime]]:
        """Closings with the question that came back within a week and was answered, or waits still."""
        found: list[tuple[datetime, datetime]] = []
        closed: datetime | None = None
        open_questions = {begin for _first, begin, end, answer in self.responses(story) if answer is not None or end is None}
        for act in story.acts:
            if act.what == "resolve":
                closed = act.at
            elif act.what == "ask" and closed is not None:
                if act.at - closed <= WEEK and act.at in open_questions:
                    found.append((closed, act.at))
                closed = None
        return found

    def matter(self, story: Story, matter: Matter, again: list[datetime]) -> Iterator[Told]:
        yield Told(
            Kind.RECEIVED, matter.begins, story.brand, story.medium, self.holder(story, self.end_of_day(story, matter.begins))
        )
        given = self.first_holder(story, matter)
        if given is not None:
            yield Told(Kind.ASSIGNED, given.at, story.brand, story.medium, given.who, met=False)
        if matter.ends is None:
            return
        closer = self.holder(story, matter.ends) or next(
            act.who for act in story.acts if act.what == "resolve" and act.at == matter.ends
        )
        wall = int((matter.ends - matter.begins).total_seconds())
        yield Told(Kind.RESOLVED, matter.ends, story.brand, story.medium, closer, self.worked(story, matter), wall)
        if not matter.answers:
            return
        reopened = any(matter.begins <= at <= matter.ends for at in again)
        touch = len(matter.answers) == 1 and not reopened
        yield Told(Kind.ONE_TOUCH, matter.ends, story.brand, story.medium, matter.answers[0].who, met=touch)
        if matter.ends + WEEK > self.now:
            return
        elsewhere = any(matter.ends < at <= matter.ends + WEEK for at in self.begun[story.brand, story.contact])
        more = any(
            not first and matter.begins <= begin <= matter.ends and answer is not None
            for first, begin, _end, answer in self.responses(story)
        )
        yield Told(Kind.FIRST_CONTACT, matter.ends, story.brand, story.medium, closer, met=not (reopened or elsewhere or more))

    def first_holder(self, story: Story, matter: Matter) -> Act | None:
        held = self.holder(story, matter.begins - timedelta(seconds=1))
        for act in story.acts:
            who = act.who if act.what == "give" else ANSWERER if act.what == "answer" and held is None else None
            if who is not None and act.at < matter.begins:
                held = who
            elif who is not None and who != held and (matter.ends is None or act.at <= matter.ends):
                return Act(act.at, "give", who)
        return None

    def worked(self, story: Story, matter: Matter) -> int:
        """Open time without what the customer or a closed thread took."""
        total, since = 0, None
        for act in story.acts:
            if matter.ends is None or not matter.begins <= act.at <= matter.ends:
                continue
            if act.what == "ask" and since is None:
                since = act.at
            elif act.what in ("answer", "resolve") and since is not None:
                total, since = total + self.open_seconds(story, since, act.at), None
        return total

    def end_of_day(self, story: Story, at: datetime) -> datetime:
        zone = self.calendars[story.brand].zone
        local = at.astimezone(zone)
        ends = datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days=1)
        return min(ends.astimezone(at.tzinfo) - timedelta(seconds=1), self.now)


ANSWERER = uuid.UUID(int=1)
"""Stands for whoever is signed in at the desk; the test puts their id here."""

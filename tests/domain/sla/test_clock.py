"""Clocks as pure functions: worked examples, properties, and 10,000 random lives against a slow reference."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.sla.calendar import ALWAYS, DAY, Calendar, CalendarRules, OwnDay
from app.domain.sla.clock import Clock, ClockKind, Fact, FactKind, Outcome, Terms, evaluate
from app.domain.sla.timing import Kind, Pause, due_after, segments_between, tidy
from tests.domain.sla.reference import SecondBySecond, nth
from tests.domain.sla.test_calendar import DUTCH, HOUR, at, instants, rules
from tests.support.full import amount

MAIL = Terms(
    first_response=4 * HOUR, next_response=4 * HOUR, resolution=16 * HOUR, pauses=frozenset({"waiting_customer", "task"})
)
URGENT = replace(MAIL, first_response=HOUR // 2, next_response=HOUR // 2, name="Urgent")
CALENDAR = Calendar(DUTCH)


def asked(when: str, ref: str = "q") -> Fact:
    return Fact(at(when), FactKind.ASKED, ref=ref)


def answered(when: str, ref: str = "a") -> Fact:
    return Fact(at(when), FactKind.ANSWERED, ref=ref)


def status(when: str, value: str) -> Fact:
    return Fact(at(when), FactKind.STATUS, value)


def terms(when: str, held: Terms) -> Fact:
    return Fact(at(when), FactKind.TERMS, terms=held)


def life(*facts: Fact, under: Terms = MAIL) -> dict[ClockKind, Clock]:
    """The last clock of each kind."""
    return {clock.kind: clock for clock in evaluate([Fact(0, FactKind.TERMS, terms=under), *facts], CALENDAR)}


def test_a_mail_in_the_morning_is_due_after_four_open_hours() -> None:
    clock = life(asked("2026-03-04 10:30"))[ClockKind.FIRST_RESPONSE]
    assert clock.due.at == at("2026-03-04 15:30")
    assert clock.outcome == Outcome.RUNNING


def test_more_questions_do_not_move_what_is_due() -> None:
    first = life(asked("2026-03-04 10:30"))[ClockKind.FIRST_RESPONSE]
    assert life(asked("2026-03-04 10:30"), asked("2026-03-04 11:00", "q2"))[ClockKind.FIRST_RESPONSE] == first


def test_an_answer_ends_the_first_clock_and_the_next_question_begins_the_next() -> None:
    found = life(asked("2026-03-04 10:30"), answered("2026-03-04 11:30"), asked("2026-03-04 14:00", "q2"))
    first, following = found[ClockKind.FIRST_RESPONSE], found[ClockKind.NEXT_RESPONSE]
    assert (first.ended, first.outcome, first.is_late) == (at("2026-03-04 11:30"), Outcome.ANSWERED, False)
    assert following.due.at == at("2026-03-05 10:00")


def test_a_late_answer_is_late() -> None:
    assert life(asked("2026-03-04 10:30"), answered("2026-03-04 15:30"))[ClockKind.FIRST_RESPONSE].is_late is False
    late = life(asked("2026-03-04 10:30"), Fact(at("2026-03-04 15:30") + 1, FactKind.ANSWERED, ref="a"))
    assert late[ClockKind.FIRST_RESPONSE].is_late is True


def test_resolution_pauses_while_waiting_for_the_customer() -> None:
    found = life(
        asked("2026-03-04 09:00"),
        answered("2026-03-04 10:00"),
        status("2026-03-04 10:00", "waiting_customer"),
        status("2026-03-05 10:00", "open"),
        asked("2026-03-05 10:00", "q2"),
    )
    clock = found[ClockKind.RESOLUTION]
    assert clock.pauses == (Pause(at("2026-03-04 10:00"), at("2026-03-05 10:00"), "waiting_customer"),)
    assert clock.counted(CALENDAR, at("2026-03-05 12:00")) == 3 * HOUR
    assert clock.due.at == at("2026-03-09 11:00")  # 1 h, then 6 + 7 + 2 h, over a weekend


def test_a_clock_that_stands_still_has_no_due_time() -> None:
    clock = life(asked("2026-03-04 09:00"), Fact(at("2026-03-04 09:30"), FactKind.WAITING, "part"))[ClockKind.FIRST_RESPONSE]
    assert (clock.due.at, clock.due.is_never, clock.paused_for) == (None, False, "task:part")


def test_an_answer_that_was_taken_back_never_was() -> None:
    before = [asked("2026-03-04 09:00")]
    sent = [answered("2026-03-04 10:00"), status("2026-03-04 10:00", "waiting_customer")]
    gone = Fact(at("2026-03-04 10:01"), FactKind.WITHDRAWN, ref="a")
    assert life(*before, *sent, gone) == life(*before)
    again = answered("2026-03-04 14:00")
    assert life(*before, *sent, gone, again)[ClockKind.FIRST_RESPONSE].ended == at("2026-03-04 14:00")


def test_closing_ends_the_clock_and_opening_again_lets_it_go_on() -> None:
    begun = [asked("2026-03-04 09:00"), status("2026-03-04 10:00", "resolved")]
    closed = life(*begun)[ClockKind.FIRST_RESPONSE]
    assert (closed.ended, closed.outcome) == (at("2026-03-04 10:00"), Outcome.CLOSED)
    reopened = life(*begun, status("2026-03-04 11:00", "open"))[ClockKind.FIRST_RESPONSE]
    assert reopened.due.at == at("2026-03-04 15:00")  # an hour of pause, and lunch


def test_a_question_that_reopens_begins_anew() -> None:
    when = "2026-03-04 11:00"
    begun = [terms("2026-01-01 00:00", MAIL), asked("2026-03-04 09:00"), status("2026-03-04 10:00", "resolved")]
    found = evaluate([*begun, status(when, "open"), asked(when, "q2")], CALENDAR)
    response = [(clock.started, clock.ended) for clock in found if clock.kind != ClockKind.RESOLUTION]
    assert response == [(at("2026-03-04 09:00"), at("2026-03-04 10:00")), (at(when), None)]


def test_after_the_reopen_window_it_is_a_new_matter() -> None:
    before = [asked("2026-03-04 09:00"), answered("2026-03-04 10:00"), status("2026-03-04 11:00", "resolved")]
    soon = [status("2026-03-06 11:00", "open"), asked("2026-03-06 11:00", "q2")]
    late = [status("2026-03-20 11:00", "open"), asked("2026-03-20 11:00", "q2")]
    assert life(*before, *soon)[ClockKind.NEXT_RESPONSE].started == at("2026-03-06 11:00")
    assert life(*before, *soon)[ClockKind.RESOLUTION].started == at("2026-03-04 09:00")
    assert life(*before, *late)[ClockKind.FIRST_RESPONSE].started == at("2026-03-20 11:00")
    assert life(*before, *late)[ClockKind.RESOLUTION].started == at("2026-03-20 11:00")


def test_a_shorter_target_counts_from_the_change_and_a_longer_one_from_the_beginning() -> None:
    question = asked("2026-03-04 09:00")
    urgent = life(question, terms("2026-03-04 11:00", URGENT))[ClockKind.FIRST_RESPONSE]
    assert urgent.due.at == at("2026-03-04 11:30")
    relaxed = life(question, terms("2026-03-04 11:00", URGENT), terms("2026-03-04 11:10", MAIL))[ClockKind.FIRST_RESPONSE]
    assert relaxed.due.at == at("2026-03-04 14:00")
    nearly = life(question, terms("2026-03-04 13:50", URGENT))[ClockKind.FIRST_RESPONSE]
    assert nearly.due.at == at("2026-03-04 14:00")  # never later than what stood


def test_spam_has_no_clock_and_what_is_none_after_all_goes_on() -> None:
    begun = [asked("2026-03-04 09:00"), Fact(at("2026-03-04 09:00"), FactKind.SPAM, "yes")]
    assert life(*begun)[ClockKind.FIRST_RESPONSE].outcome == Outcome.CLOSED
    ended = life(*begun, Fact(at("2026-03-04 10:00"), FactKind.SPAM, ""))[ClockKind.FIRST_RESPONSE]
    assert ended.due.at == at("2026-03-04 15:00")


def test_a_closed_calendar_is_never_due() -> None:
    closed = Calendar(CalendarRules("UTC", ((),) * 7))
    clock = evaluate([Fact(0, FactKind.TERMS, terms=MAIL), Fact(10, FactKind.ASKED, ref="q")], closed)[-1]
    assert (clock.due.at, clock.due.is_never) == (None, True)


def test_steps_are_shares_of_the_target() -> None:
    clock = life(asked("2026-03-04 09:00"))[ClockKind.FIRST_RESPONSE]
    assert clock.instant_of(CALENDAR, 75) == at("2026-03-04 12:00")
    assert clock.instant_of(CALENDAR, 90) == at("2026-03-04 13:36")


def test_every_line_of_the_explanation_is_there() -> None:
    clock = life(asked("2026-04-02 11:00"), Fact(at("2026-04-02 13:30"), FactKind.WAITING, "part"))[ClockKind.FIRST_RESPONSE]
    lines = [(s.kind.value, s.why) for s in clock.segments(CALENDAR, at("2026-04-02 14:00"))]
    assert lines == [("counted", ""), ("closed", "break"), ("counted", ""), ("paused", "task:part")]


pauses = st.lists(st.tuples(st.integers(0, 5 * DAY), st.integers(1, 2 * DAY)), max_size=4)


def paused(begin: int, drawn: list[tuple[int, int]]) -> tuple[Pause, ...]:
    return tidy(Pause(begin + after, begin + after + length, "waiting_customer") for after, length in drawn)


@given(rules=rules(), begin=instants(), target=st.integers(1, 30 * HOUR), more=st.integers(0, 30 * HOUR), drawn=pauses)
@settings(max_examples=150)
def test_due_is_monotone_in_the_target(
    rules: CalendarRules, begin: int, target: int, more: int, drawn: list[tuple[int, int]]
) -> None:
    calendar, stops = Calendar(rules), paused(begin, drawn)
    sooner, later = due_after(calendar, begin, target, stops).at, due_after(calendar, begin, target + more, stops).at
    assert later is None or (sooner is not None and sooner <= later)


@given(rules=rules(), begin=instants(), target=st.integers(1, 30 * HOUR), drawn=pauses, one_more=pauses)
@settings(max_examples=150)
def test_a_pause_never_shortens(
    rules: CalendarRules, begin: int, target: int, drawn: list[tuple[int, int]], one_more: list[tuple[int, int]]
) -> None:
    calendar = Calendar(rules)
    without = due_after(calendar, begin, target, paused(begin, drawn)).at
    with_more = due_after(calendar, begin, target, paused(begin, drawn + one_more)).at
    assert with_more is None or (without is not None and without <= with_more)


@given(rules=rules(), begin=instants(), target=st.integers(1, 30 * HOUR), drawn=pauses, cut=st.integers(1, 2 * DAY))
@settings(max_examples=150)
def test_splitting_a_pause_changes_nothing(
    rules: CalendarRules, begin: int, target: int, drawn: list[tuple[int, int]], cut: int
) -> None:
    calendar = Calendar(rules)
    split = [part for after, length in drawn for part in _split(after, length, cut)]
    assert due_after(calendar, begin, target, paused(begin, split)) == due_after(calendar, begin, target, paused(begin, drawn))


def _split(after: int, length: int, cut: int) -> list[tuple[int, int]]:
    return [(after, cut), (after + cut, length - cut)] if cut < length else [(after, length)]


@given(rules=rules(), begin=instants(), target=st.integers(1, 30 * HOUR), drawn=pauses)
@settings(max_examples=150)
def test_the_lines_add_up_to_the_target_to_the_second(
    rules: CalendarRules, begin: int, target: int, drawn: list[tuple[int, int]]
) -> None:
    calendar, stops = Calendar(rules), paused(begin, drawn)
    due = due_after(calendar, begin, target, stops).at
    if due is None or due - begin > 60 * DAY:
        return
    lines = segments_between(calendar, begin, due, stops)
    assert sum(line.seconds for line in lines if line.kind == Kind.COUNTED) == target
    assert [line.begin for line in lines] == [begin, *(line.end for line in lines[:-1])]
    assert lines[-1].end == due


# --- 10,000 random lives against a byte for every second ---

WINDOW = 21
WINDOWS = [  # both changes of the clock in Europe and Canada, Easter, Christmas, and an ordinary month
    ("Europe/Amsterdam", "NL", "", date(2026, 3, 20)),
    ("Europe/Amsterdam", "NL", "", date(2026, 10, 16)),
    ("Europe/Brussels", "BE", "", date(2026, 12, 18)),
    ("Europe/Berlin", "DE", "BY", date(2025, 12, 22)),
    ("Europe/Paris", "FR", "", date(2026, 5, 1)),
    ("America/Toronto", "CA", "QC", date(2026, 3, 1)),
    ("America/Toronto", "CA", "QC", date(2025, 10, 27)),
    ("Australia/Lord_Howe", "", "", date(2026, 3, 30)),
]
CASES = amount(2_000, full=10_000)


def _random_rules(dice: random.Random, place: int) -> CalendarRules:
    zone, country, region, start = WINDOWS[place % len(WINDOWS)]
    shapes = [((9 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR)), ((22 * HOUR, 30 * HOUR),), ((0, DAY),), ((30 * 60, 3 * HOUR),)]
    week = tuple(dice.choice(shapes) if day < 5 or dice.random() < 0.3 else () for day in range(7))
    own = OwnDay(date.fromordinal(start.toordinal() + 9), "own", dice.choice([(), ((10 * HOUR, 12 * HOUR),)]))
    return CalendarRules(zone, week, country, region, (own,))


def _random_life(dice: random.Random, begin: int) -> list[Fact]:
    """A question, and what happened to its thread afterwards."""
    facts, now = [Fact(begin, FactKind.ASKED, ref="q")], begin
    for _step in range(dice.randrange(6)):
        now += dice.choice([1, 59, dice.randrange(1, 4 * HOUR), dice.randrange(1, 3 * DAY)])
        kind = dice.randrange(10)
        if kind < 6:
            facts.append(Fact(now, FactKind.STATUS, dice.choice(["open", "waiting_customer", "waiting_internal", "in_progress"])))
        elif kind < 8:
            facts.append(Fact(now, FactKind.WAITING, dice.choice(["", "part"])))
        else:
            facts.append(Fact(now, FactKind.TERMS, terms=replace(MAIL, first_response=dice.randrange(60, 20 * HOUR))))
    return facts


def _slow_due(reference: SecondBySecond, facts: list[Fact], promised: int) -> int | None:
    """When the question of `facts` is due, by looking at every second."""
    begin, status, waits, target = facts[0].at, "open", "", promised
    stops: list[tuple[int, int]] = []
    for fact, following in zip(facts, [*facts[1:], None], strict=True):
        if fact.kind == FactKind.STATUS:
            status = fact.value
        elif fact.kind == FactKind.WAITING:
            waits = fact.value
        elif fact.terms is not None and fact.terms.first_response is not None:
            new = fact.terms.first_response
            used = reference.counting(begin, stops)[: fact.at - begin].count(1)
            target = target if new == promised else max(target, new) if new > promised else min(target, used + new)
            promised = new
        if status == "waiting_customer" or waits:
            stops.append((fact.at, following.at if following else reference.end))
    after = nth(reference.counting(begin, stops), target)
    return None if after is None else begin + after


def test_clocks_equal_a_slow_second_by_second_reference_on_random_lives() -> None:
    dice = random.Random(20260322)
    checked = 0
    for place in range(8):
        rules = _random_rules(dice, place)
        start = WINDOWS[place % len(WINDOWS)][3]
        begin = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp())
        reference, calendar = SecondBySecond(rules, begin, WINDOW), Calendar(rules)
        for _case in range(CASES // 8):
            promised = dice.randrange(60, 20 * HOUR)
            facts = _random_life(dice, begin + dice.randrange(0, 10 * DAY))
            under = Fact(0, FactKind.TERMS, terms=replace(MAIL, first_response=promised))
            due = evaluate([under, *facts], calendar)[-1].due.at
            slow = _slow_due(reference, facts, promised)
            assert (due if due is not None and due <= reference.end else None) == slow, (rules, facts, promised)
            checked += 1
    assert checked == CASES


@pytest.mark.parametrize("length", [1, 3600, 12 * 3600])
def test_around_the_clock_a_pause_moves_the_due_time_by_its_length(length: int) -> None:
    calendar = Calendar(ALWAYS)
    assert due_after(calendar, 1000, 7200, (Pause(2000, 2000 + length, "waiting_customer"),)).at == 1000 + 7200 + length

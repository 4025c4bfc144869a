"""Whatever is read from outside costs twice as much when it is twice as long, never four times.

Measured in processor time of this process, the best of several runs, and only where a run costs enough to be measured: a
slow or busy machine changes nothing. Patterns are found where they stand, so a new one is covered unasked.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from app.contract.base import UnableToParse
from app.mail.html import sanitise
from app.mail.html_text import html_to_text
from app.mail.mime import parse_mail
from app.mail.quoting import split_quoted
from tests.house.patterns import Found, all_patterns, hostile_seeds
from tests.mail.parsing import OURS, RECEIVED_AT

LENGTH = 2_000
NOT_MEASURED_SECONDS = 0.001  # small, so that a quick machine finds what a slow one finds
MOST_GROWTH = 3.0
SURELY_LINEAR = 2.3  # no need to try again
TRIES = 6
NUMBERS = itertools.count()
# These read nothing but what the sanitiser wrote, where every tag is closed.
OF_OUR_OWN_MAKING = frozenset(
    {
        "app.mail.html._TAG",
        "app.mail.rich._IMAGE",
        "app.domain.threads.search_marks._TAG_OR_ENTITY",
        "app.domain.reply_templates.formatting._TAG",
    }
)

HEADERS = (
    "From", "To", "Cc", "Reply-To", "Sender", "Return-Path", "Delivered-To", "References", "In-Reply-To", "Message-ID", "Subject",
    "Date", "Received", "Authentication-Results", "List-Id", "X-Mailer", "Content-Type", "Content-Disposition", "Content-ID",
    "Content-Transfer-Encoding", "Auto-Submitted", "Precedence", "Feedback-ID", "Importance",
)  # fmt: skip
SEEDS = ("a", " ", "\\", '"a', "(", "<a", "a@", "=?utf-8?q?a", "a,", ";a=", "\r\n ", "é", "[a:")
KINDS = (
    "text/plain",
    "text/html",
    "text/calendar; method=REQUEST",
    "message/delivery-status",
    "message/disposition-notification",
    "multipart/mixed; boundary=b",
    "application/ms-tnef",
)
BODIES = (
    "a", " ", "\n", "> a\n", "-- \n", "From: a\n", "On a wrote:\n", "<div>", "<a ", "</a", "<!--", "--b\n", "--b\n\n--", "a@",
    "Final-Recipient: a\n\n", "BEGIN:VEVENT\n", "ATTENDEE;", ";a=\"", "this e-mail ", "http://a ", "\t\n", "-----", "=3D=\n",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_collecting() -> Iterator[None]:
    """What the collector of garbage takes depends on all that other tests left behind, and it comes with the longer run first."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def grows(run: Callable[[int], object], *lengths: int) -> bool:
    """Whether the cost grows too fast from each of `lengths`: one of them alone may be bad luck."""
    return all(growth(run, length) > 1 for length in lengths)


def growth(run: Callable[[int], object], length: int) -> float:
    """How the cost grows from `length` to its double; 1.0 where it is too small to be measured, or grows as it may."""
    if seconds_of(run, length) < NOT_MEASURED_SECONDS:
        return 1.0
    once = twice = float("inf")
    for tries in range(1, TRIES + 1):
        once = min(once, seconds_of(run, length))
        twice = min(twice, seconds_of(run, 2 * length))
        if once < NOT_MEASURED_SECONDS or (tries > 1 and twice / once < SURELY_LINEAR):
            return 1.0
    return twice / once if twice / once >= MOST_GROWTH else 1.0


def seconds_of(run: Callable[[int], object], length: int) -> float:
    began = time.process_time()
    run(length)
    return time.process_time() - began


def find_slow(found: Found) -> str:
    """A seed that `found` takes too long for, "" if there is none."""
    for seed in hostile_seeds(found.pattern):
        for run in found.runs():

            def read_seed(length: int, run: Callable[[str], object] = run, seed: tuple[str, str, str] = seed) -> object:
                return run(found.text(seed, length))

            if grows(read_seed, LENGTH, 4 * LENGTH):
                return f"{found.where} {seed!r}"
    return ""


def test_every_pattern_reads_in_linear_time() -> None:
    patterns = all_patterns()
    assert len(patterns) > 200
    slow = (find_slow(found) for found in patterns if found.where not in OF_OUR_OWN_MAKING)
    assert [words for words in slow if words] == []


def fresh(text: str) -> str:
    """The text behind a number of its own: what a reader remembers of the last try must not make this one quick."""
    return f"x{next(NUMBERS)}{text}"


def read(raw: str) -> None:
    with contextlib.suppress(UnableToParse):
        parse_mail(raw.encode(), own_addresses=OURS, received_at=RECEIVED_AT)


def long_headers() -> Iterator[tuple[str, Callable[[int], object]]]:
    """Under the bound of one header, so that the reading itself is measured and not the bound."""
    for name in HEADERS:
        for seed in SEEDS:
            yield (
                f"{name}: {seed}",
                lambda n, name=name, seed=seed: read(f"{name}: {fresh(seed * (n // len(seed)))}\r\n\r\nHallo"),
            )  # type: ignore[misc]


def long_bodies() -> Iterator[tuple[str, Callable[[int], object]]]:
    for kind in KINDS:
        for seed in BODIES:
            head = f"From: a@b.example\r\nSubject: Hallo\r\nContent-Type: {kind}\r\n\r\n"
            yield f"{kind} {seed}", lambda n, head=head, seed=seed: read(head + fresh(seed * (n // len(seed))))  # type: ignore[misc]


def shown_texts() -> Iterator[tuple[str, Callable[[int], object]]]:
    """What pages read again each time they show it, and what is typed into the search field."""
    for reader in (split_quoted, html_to_text, sanitise):
        for seed in BODIES:
            yield f"{reader.__name__} {seed}", lambda n, reader=reader, seed=seed: reader(fresh(seed * (n // len(seed))))  # type: ignore[misc]


def test_every_header_is_read_in_linear_time() -> None:
    assert [name for name, run in long_headers() if grows(run, 6_000, 9_000)] == []


def test_every_body_is_read_in_linear_time() -> None:
    assert [name for name, run in (*long_bodies(), *shown_texts()) if grows(run, 12_000, 24_000)] == []


def test_a_header_of_any_length_costs_no_more_than_a_long_one() -> None:
    def run(length: int) -> None:
        read(f"From: {fresh('a' * length)}\r\nReferences: {fresh('b' * length)}\r\nTo: {fresh('c' * length)}\r\n\r\nHallo")

    assert growth(run, 100_000) == 1.0

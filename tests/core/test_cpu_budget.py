"""Work that takes too much of the processor is stopped, wherever it is; the next one is not."""

from __future__ import annotations

import contextlib
import re
import signal
import threading

import pytest

from app.core.cpu_budget import OverBudget, cpu_budget

SQUARE = re.compile(r"[a-z]+@[a-z]+")  # as a reader must not be written
LONG = "a" * 120_000  # minutes for it


def test_an_expression_that_runs_away_is_stopped() -> None:
    with pytest.raises(OverBudget), cpu_budget(0.05):
        SQUARE.search(LONG)


def search_whatever_happens() -> None:
    while True:
        with contextlib.suppress(Exception):
            SQUARE.search(LONG[:1000])


def test_whoever_bears_with_every_error_does_not_bear_with_this() -> None:
    with pytest.raises(OverBudget), cpu_budget(0.05):
        search_whatever_happens()


def test_work_within_the_budget_leaves_no_timer_behind() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    with cpu_budget(60):
        assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGVTALRM) is before


def test_a_timer_is_gone_after_it_has_struck() -> None:
    with pytest.raises(OverBudget), cpu_budget(0.02):
        SQUARE.search(LONG)
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_another_thread_works_without_a_limit() -> None:
    found: list[object] = []

    def work() -> None:
        with cpu_budget(0.000_001):
            found.append(SQUARE.search(LONG[:2000]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [None]

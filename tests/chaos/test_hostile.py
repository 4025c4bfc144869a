"""The hostile run judges what it saw, and what it posts is as hostile as it says."""

from __future__ import annotations

from collections import Counter

import pytest

from chaos.bodies import MAILS, MEGABYTE
from chaos.hostile import Watch, growth_of


def test_a_run_in_which_all_was_well_misses_nothing() -> None:
    watch = Watch(looks=60, seen_after=[0.3, 4.9], mib=[500, 900, 1000, 1000, 1000, 1000, 1010, 1020])
    assert watch.misses(restarts=0, unfinished=0) == []


@pytest.mark.parametrize(
    "watch",
    [
        Watch(looks=60, troubles=Counter({"503": 1})),
        Watch(seen_after=[0.3, 5.1]),
        Watch(never_seen=1),
        Watch(mib=[500, 500, 1000, 1000, 1100, 1100, 1200, 1200]),
    ],
)
def test_each_goal_that_is_missed_is_named(watch: Watch) -> None:
    assert len(watch.misses(restarts=0, unfinished=0)) == 1


def test_restarts_and_open_events_are_named() -> None:
    assert Watch().misses(restarts=1, unfinished=2) == ["1 restarts", "2 events unfinished"]


def test_memory_is_compared_once_it_is_warm() -> None:
    assert growth_of([1, 1, 4, 4, 5, 5, 6, 6]) == 1.5
    assert growth_of([1, 2, 3]) == 1.0


@pytest.mark.parametrize("name", MAILS)
def test_every_mail_is_whole_and_of_a_size_a_provider_passes_on(name: str) -> None:
    mail = MAILS[name]()
    assert mail.startswith(b"From: ")
    assert 300 < len(mail) < 20 * MEGABYTE

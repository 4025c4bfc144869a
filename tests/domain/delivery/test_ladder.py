"""The status ladder: up only, whatever the order in which reports arrive."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract.base import DeliveryStatus as S
from app.domain.delivery.models import ENDS_BADLY, LADDER, next_status

REPORTS = st.lists(st.sampled_from([s for s in S if s is not S.PENDING]), max_size=8)


def after(*reports: S) -> S:
    return reduce(next_status, reports, S.PENDING)


@pytest.mark.parametrize("order", list(permutations([S.ACCEPTED, S.SENT, S.DELIVERED, S.READ])))
def test_reports_in_any_order_end_at_the_highest(order: tuple[S, ...]) -> None:
    assert after(*order) is S.READ


@given(REPORTS)
def test_a_repeated_report_changes_nothing(reports: list[S]) -> None:
    once = after(*reports)
    assert all(next_status(once, r) is once for r in reports if r not in ENDS_BADLY and once not in ENDS_BADLY)


@given(REPORTS, REPORTS)
def test_no_report_takes_a_message_back_from_read(before: list[S], later: list[S]) -> None:
    assert after(*before, S.READ, *later) is S.READ


def test_a_failure_after_sent_is_shown() -> None:
    assert after(S.ACCEPTED, S.SENT, S.FAILED) is S.FAILED


def test_a_late_sent_does_not_hide_a_failure() -> None:
    assert after(S.FAILED, S.SENT, S.ACCEPTED) is S.FAILED


def test_proof_of_arrival_outweighs_an_earlier_failure() -> None:
    assert after(S.FAILED, S.DELIVERED) is S.DELIVERED


def test_a_delivered_mail_can_still_bounce_but_a_delivered_chat_message_does_not_fail() -> None:
    assert after(S.DELIVERED, S.BOUNCED) is S.BOUNCED
    assert after(S.DELIVERED, S.FAILED) is S.DELIVERED


def test_unknown_gives_way_to_any_news() -> None:
    assert [after(S.UNKNOWN, s) for s in (S.ACCEPTED, S.SENT, S.FAILED)] == [S.ACCEPTED, S.SENT, S.FAILED]
    assert after(S.SENT, S.UNKNOWN) is S.SENT


def test_every_status_is_on_the_ladder_or_an_exit() -> None:
    assert set(LADDER) | ENDS_BADLY == set(S)

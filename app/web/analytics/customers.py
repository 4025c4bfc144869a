"""Panel of customer satisfaction (survey scores) on a report."""

from __future__ import annotations

import math
from dataclasses import dataclass

from app.core.translation import gettext as _
from app.core.translation import number_words
from app.domain.analytics import words
from app.domain.analytics.figures import size_of, sums_of, value_of
from app.domain.analytics.kinds import Kind
from app.domain.surveys.queries import Verdict, list_answers
from app.web.analytics.panels import count_cell
from app.web.analytics.report import Cell, Report

CUSTOMERS = (
    "satisfaction",
    "satisfied",
    "recommends",
    "customer_solved",
    "speed_score",
    "reach_score",
    "survey_response",
)
COMMENTS = 5


@dataclass(frozen=True)
class Customers:
    """The panel of customer satisfaction.

    `figures`: (measure key, cell, change since the period before, note). `scores`: (score, cell with the number of answers,
    bar width from 0 to 1000). `comments`: the newest answers with a comment.
    """

    figures: list[tuple[str, Cell, words.Change, str]]
    scores: list[tuple[int, Cell, float]]
    comments: list[Verdict]


def customers(report: Report) -> Customers | None:
    """Return the panel, or None if no customer was asked.

    The NPS is shown with its margin of error, which is wide if there are few answers.
    """
    if not any(kind in report.read.now for kind in (Kind.SURVEY_SENT, Kind.SATISFACTION, Kind.RECOMMENDS)):
        return None
    figures = []
    for key in CUSTOMERS:
        measure, now, before = report.measures[key], report.read.now, report.read.before
        sizes = size_of(measure, now), size_of(measure, before)
        change = words.change_words(measure, value_of(measure, now), value_of(measure, before), *sizes)
        beside = _net_margin(report) if key == "recommends" else words.target_words(measure)
        figures.append((key, report.cell(key, now), change if report.asked.compare else words.Change(""), beside))
    most = max(report.read.scores.values(), default=0) or 1
    counts = [(score, report.read.scores.get(score, 0)) for score in range(5, 0, -1)]
    scores = [(score, count_cell(report, "satisfaction", n, score=score), round(1000 * n / most, 1)) for score, n in counts]
    shown = report.slice.own_user_id is None
    brand_ids = [one for one in report.slice.brand_ids if report.slice.brand_id in (None, one)]
    comments = list_answers(report.session, brand_ids, limit=COMMENTS, only_comments=True) if shown else []
    return Customers(figures, scores, comments)


def _net_margin(report: Report) -> str:
    """Return the 95 % margin of error of the NPS in words, or "" without answers.

    The formula is 1.96 · √((p + d − (p − d)²) ÷ n), with p and d as the shares of promoters and detractors.
    """
    sums = sums_of(report.read.now, Kind.RECOMMENDS)
    if not sums.n:
        return ""
    promoters, detractors = sums.met / sums.n, sums.missed / sums.n
    margin = 196 * math.sqrt((promoters + detractors - (promoters - detractors) ** 2) / sums.n)
    return _("± %(margin)s, answers: %(count)s", margin=number_words(round(margin)), count=number_words(sums.n))

"""Put survey answers into words. No database."""

from __future__ import annotations

from typing import Any

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.surveys.actions import is_bad
from app.domain.surveys.models import SurveyKind, SurveyOutcome
from app.domain.surveys.queries import Verdict

SURVEY_EVENTS = frozenset({"SurveyAnswered"})
KIND_NAMES = {SurveyKind.CSAT: N_("After a case"), SurveyKind.NPS: N_("Recommendation (NPS)")}
SCORE_WORDS = (N_("Very bad"), N_("Bad"), N_("So-so"), N_("Good"), N_("Very good"))


def kind_words(kind: SurveyKind) -> str:
    return _(KIND_NAMES[kind])


def score_words(kind: SurveyKind, score: int) -> str:
    """Return a score in words, such as "4 of 5, good". For NPS it has only numbers, such as "9 of 10"."""
    if kind == SurveyKind.NPS:
        return _("%(score)s of %(most)s", score=score, most=10)
    return _("%(score)s of 5, %(words)s", score=score, words=_(SCORE_WORDS[score - 1]).lower())


def verdict_words(verdict: Verdict) -> str:
    """Return the outcome of one invitation in words."""
    row, answer = verdict.invitation, verdict.answer
    if answer is not None:
        return score_words(row.kind, answer.score)
    if row.sent_at is not None:
        return _("Survey sent, no answer yet")
    if row.outcome in (SurveyOutcome.WITHHELD, SurveyOutcome.CANCELLED):
        return _("No survey: %(why)s", why=told(row.reason))
    return _("Survey could not be sent") if row.outcome == SurveyOutcome.FAILED else _("Survey planned")


def verdict_tone(verdict: Verdict) -> str:
    """Return the colour of an outcome's mark: "overdue" for a bad answer, "done" for a good one.

    Return "" if there is no answer, or if it may come from a bot.
    """
    if verdict.answer is None or verdict.answer.is_suspect:
        return ""
    return "overdue" if is_bad(verdict.invitation.kind, verdict.answer) else "done"


def solved_words(is_solved: bool | None) -> str:
    return "" if is_solved is None else _("solved") if is_solved else _("not solved")


def survey_event_words(_event_type: str, _who: str, payload: dict[str, Any]) -> str:
    """Return a survey's event as one line of the timeline."""
    score = score_words(SurveyKind(payload["kind"]), payload["score"])
    if payload.get("is_suspect"):
        return _("A bot may have answered our survey: %(score)s", score=score)
    if payload.get("is_change"):
        return _("The customer changed their answer: %(score)s", score=score)
    return _("The customer answered our survey: %(score)s", score=score)


FILTERS = {
    "survey_kind_words": kind_words,
    "verdict_words": verdict_words,
    "verdict_tone": verdict_tone,
    "solved_words": solved_words,
}

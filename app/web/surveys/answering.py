"""Page on which a customer answers a survey, and unsubscribes from surveys. Opening it stores nothing; the button answers.

It needs no sign-in: the URL has a secret token. A signed-in colleague cannot answer for a customer.
"""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_login import current_user

from app.core.caller import caller_address
from app.core.clock import utc_now
from app.core.csrf import csrf
from app.core.db import db, transaction
from app.core.limits import Limit
from app.core.links import url_for
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.models import Brand
from app.domain.surveys.actions import COMMENT_CHARACTERS, NoScore, Said, SurveyOver, stop_surveys, take_answer
from app.domain.surveys.models import SCORES, AnswerWay, Survey, SurveyAnswer, SurveyInvitation, SurveyKind
from app.domain.surveys.queries import find_by_token
from app.domain.surveys.texts import LANGUAGES, SCORE_WORDS, question_of, word
from app.web.pages import page
from app.web.surveys.blueprint import public

TRIES = Limit("survey-answers", 30, 60)


@public.get("/s/<survey_token>")
def ask(survey_token: str) -> ResponseReturnValue:
    """Show the question, with the score of the link selected but not sent. Nothing is stored."""
    found = _open(survey_token)
    if found is None:
        return _gone()
    chosen = _score(request.args.get("score", ""), found)
    return _form(survey_token, found, chosen=chosen, is_done=request.args.get("done") == "yes")


@public.post("/s/<survey_token>")
@csrf.exempt  # type: ignore[untyped-decorator]
def answer(survey_token: str) -> ResponseReturnValue:
    """Store the customer's answer. The same answer again changes nothing; a different one replaces the first."""
    found = _open(survey_token)
    if found is None:
        return _gone()
    if current_user.is_authenticated:
        return _form(survey_token, found, error="ours", status=403)
    level = runtime().limits.take(TRIES, caller_address())
    if level is not None and level.wait_seconds:
        return _form(survey_token, found, error="often", status=429)
    said = _said(found)
    if said is None:
        return _form(survey_token, found, error="score", status=422)
    try:
        with transaction() as session:
            take_answer(session, found.id, said, way=AnswerWay.PAGE, now=utc_now())
    except NoScore:
        return _form(survey_token, found, error="score", status=422)
    except SurveyOver:
        return _gone()
    runtime().nudger.nudge()
    return _private(redirect(url_for("surveys_public.ask", survey_token=survey_token, done="yes"), 303))


@public.get("/s/<survey_token>/stop")
def ask_to_stop(survey_token: str) -> ResponseReturnValue:
    """Show a page with a button that unsubscribes. Opening the link alone must not unsubscribe, as some programs open every
    link."""
    found = find_by_token(db.session(), survey_token)
    return _gone() if found is None else _stop_page(survey_token, found, is_done=False)


@public.post("/s/<survey_token>/stop")
@csrf.exempt  # type: ignore[untyped-decorator]
def stop(survey_token: str) -> ResponseReturnValue:
    """Unsubscribe this contact from surveys. A repeat changes nothing. Mail programs can post here directly (RFC 8058)."""
    found = find_by_token(db.session(), survey_token)
    if found is None:
        return _gone()
    with transaction() as session:
        stop_surveys(session, found.id, now=utc_now())
    return _stop_page(survey_token, found, is_done=True)


def _open(token: str) -> SurveyInvitation | None:
    """Return the invitation of a token that can still be answered; None for any other."""
    found = find_by_token(db.session(), token)
    is_open = found is not None and found.sent_at is not None and found.expires_at is not None and utc_now() < found.expires_at
    return found if is_open else None


def _said(found: SurveyInvitation) -> Said | None:
    """Return the posted answer, or None if it has no valid score."""
    score = _score(request.form.get("score", ""), found)
    if score is None:
        return None
    solved = {"yes": True, "no": False}.get(request.form.get("solved", ""))
    comment = request.form.get("comment", "").replace("\r\n", "\n")[:COMMENT_CHARACTERS]
    if found.kind == SurveyKind.NPS:
        return Said(score, comment=comment)
    return Said(score, solved, _part("speed"), _part("reach"), comment)


def _score(text: str, found: SurveyInvitation) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 and int(text) in SCORES[found.kind] else None


def _part(name: str) -> int | None:
    text = request.form.get(name, "")
    return int(text) if text in ("1", "2", "3", "4", "5") else None


def _form(
    token: str, found: SurveyInvitation, *, chosen: int | None = None, is_done: bool = False, error: str = "", status: int = 200
) -> Response:
    session = db.session()
    former, survey = session.get(SurveyAnswer, found.id), session.get_one(Survey, found.survey_id)
    language = found.language if found.language in LANGUAGES else LANGUAGES[0]
    context: dict[str, Any] = {
        "token": token,
        "invitation": found,
        "brand": session.get_one(Brand, found.brand_id).name,
        "question": question_of(found.kind, survey.questions, language),
        "scores": [(score, _label(found.kind, language, score)) for score in SCORES[found.kind]],
        "former": former,
        "chosen": chosen if chosen is not None else former.score if former is not None else None,
        "is_done": is_done and former is not None,
        "is_ours": current_user.is_authenticated,
    }
    with force_locale(language):
        errors = {
            "score": _("Choose a score."),
            "ours": _("You are signed in as staff: only the customer can answer."),
            "often": _("Too many attempts. Try again in a minute."),
        }
        return _private(page("surveys/answer.html", error=errors.get(error, ""), status=status, **context))


def _label(kind: SurveyKind, language: str, score: int) -> str:
    if kind == SurveyKind.CSAT:
        return SCORE_WORDS[language][score - 1]
    return word(language, "bad") if score == 0 else word(language, "good") if score == 10 else ""


def _stop_page(token: str, found: SurveyInvitation, *, is_done: bool) -> Response:
    with force_locale(found.language if found.language in LANGUAGES else LANGUAGES[0]):
        return _private(page("surveys/stop.html", token=token, is_done=is_done))


def _gone() -> Response:
    """Answer 410. An expired, an invalid and an unsent token get the same answer, so that nobody learns which it was."""
    return _private(page("surveys/gone.html", status=410))


def _private(response: Any) -> Response:
    """Set headers so that the page is not cached or indexed, and its URL is not sent as a referrer."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    found: Response = response
    return found

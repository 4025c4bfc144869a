"""Settings pages of each brand's surveys, with the newest answers and the start of a campaign (NPS)."""

from __future__ import annotations

import uuid
import zoneinfo
from typing import Any

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import ngettext
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.surveys.actions import SurveyContent, save_survey
from app.domain.surveys.models import Survey, SurveyKind
from app.domain.surveys.planning import CAMPAIGN_MOST, plan_campaign
from app.domain.surveys.queries import SurveyMissing, count_waiting, find_survey, list_answers, list_surveys
from app.domain.surveys.texts import LANGUAGES, LONGEST, QUESTIONS, chat_text, mail_text, question_of
from app.web.accounts.session import require
from app.web.pages import page
from app.web.surveys.blueprint import bp

SHOWN = 50
LIMITS = {
    "delay_hours": (0, 168),
    "chat_delay_minutes": (0, 1380),
    "min_days": (1, 365),
    "sample_percent": (1, 100),
    "reminder_days": (0, 10),
    "from_hour": (0, 23),
    "until_hour": (1, 24),
}
CAMPAIGN_DAYS = 30
DEFAULTS = {SurveyKind.CSAT: SurveyContent(is_on=False, questions={}), SurveyKind.NPS: SurveyContent(False, {}, min_days=90)}


@bp.get("/settings/surveys")
def surveys() -> ResponseReturnValue:
    """Show each brand with its surveys, and the newest answers."""
    viewer, session = require(Permission.SURVEYS_MANAGE), db.session()
    return page(
        "surveys/list.html",
        brands=_brands(viewer),
        saved=list_surveys(session, viewer.brand_ids),
        counts=count_waiting(session, viewer.brand_ids),
        answers=list_answers(session, viewer.brand_ids, limit=SHOWN),
        kinds=tuple(SurveyKind),
        campaign_days=CAMPAIGN_DAYS,
    )


@bp.get("/settings/surveys/<uuid:brand_id>/<kind>")
def edit(brand_id: uuid.UUID, kind: str) -> ResponseReturnValue:
    """Show the form of one survey of a brand."""
    brand, survey_kind = _brand(brand_id), _kind(kind)
    saved = find_survey(db.session(), brand.id, survey_kind)
    return _editor(brand, survey_kind, _values(saved or DEFAULTS[survey_kind]))


@bp.post("/settings/surveys/<uuid:brand_id>/<kind>")
def save(brand_id: uuid.UUID, kind: str) -> ResponseReturnValue:
    """Save a survey of a brand, and whether it is on."""
    viewer, brand, survey_kind = require(Permission.SURVEYS_MANAGE), _brand(brand_id), _kind(kind)
    values = {name: request.form.get(name, "").strip() for name in (*LIMITS, "zone", "is_on", *_question_names())}
    content, errors = _read(values)
    if content is None:
        return _editor(brand, survey_kind, values, errors=errors, status=422)
    with transaction() as session:
        save_survey(session, brand_id=brand.id, kind=survey_kind, content=content, actor=viewer.actor, now=utc_now())
    flash(_("Saved."))
    return redirect(url_for("surveys.surveys"), 303)


@bp.post("/settings/surveys/<uuid:brand_id>/campaign")
def start_campaign(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the contacts whose mail thread was resolved in the last 30 days whether they recommend the brand (NPS).

    Contacts who were asked lately are left out. If the survey is off, nothing is sent.
    """
    require(Permission.SURVEYS_MANAGE)
    brand = _brand(brand_id)
    with transaction() as session:
        survey = find_survey(session, brand.id, SurveyKind.NPS)
        if survey is None or not survey.is_on:
            flash(_("Switch the survey on first."))
            return redirect(url_for("surveys.edit", brand_id=brand.id, kind="nps"), 303)
        count = plan_campaign(session, survey, days=CAMPAIGN_DAYS, now=utc_now())
    runtime().nudger.nudge()
    flash(ngettext("We are sending the survey to %(num)s person.", "We are sending the survey to %(num)s people.", count))
    return redirect(url_for("surveys.surveys"), 303)


def _editor(
    brand: Brand, kind: SurveyKind, values: dict[str, str], *, errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    previews = []
    for language in LANGUAGES:
        question = question_of(kind, {language: values[f"question_{language}"]}, language)
        url = f"{runtime().settings.public_url}/s/…"
        about: dict[str, Any] = {
            "kind": kind,
            "language": language,
            "question": question,
            "name": "",
            "about": "",
            "again": False,
        }
        mail = mail_text(brand=brand.name, url=url, **about)
        chat = chat_text(language=language, question=question, url=url) if kind == SurveyKind.CSAT else ""
        previews.append((language, mail, chat))
    return page(
        "surveys/edit.html",
        brand=brand,
        kind=kind,
        values=values,
        errors=errors or {},
        house=QUESTIONS[kind],
        languages={"nl": _("Dutch"), "en": _("English"), "fr": _("French")},
        previews=previews,
        zones=sorted(zone for zone in zoneinfo.available_timezones() if zone.partition("/")[0] in ("Europe", "America")),
        most=CAMPAIGN_MOST,
        status=status,
    )


def _read(values: dict[str, str]) -> tuple[SurveyContent | None, dict[str, str]]:
    errors: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for name, (low, high) in LIMITS.items():
        text = values[name]
        if text.isascii() and text.isdigit() and len(text) < 5 and low <= int(text) <= high:
            numbers[name] = int(text)
        else:
            errors[name] = _("Enter a number from %(low)s to %(high)s.", low=low, high=high)
    if not errors and numbers["from_hour"] >= numbers["until_hour"]:
        errors["until_hour"] = _("The end must be after the start.")
    if values["zone"] not in zoneinfo.available_timezones():
        errors["zone"] = _("Choose a time zone.")
    questions = {language: values[f"question_{language}"] for language in LANGUAGES}
    for language, text in questions.items():
        if len(text) > LONGEST:
            errors[f"question_{language}"] = _("%(count)s characters; the maximum is %(limit)s.", count=len(text), limit=LONGEST)
    if errors:
        return None, errors
    return SurveyContent(is_on=values["is_on"] == "yes", questions=questions, zone=values["zone"], **numbers), {}


def _values(saved: Survey | SurveyContent) -> dict[str, str]:
    values: dict[str, Any] = {name: str(getattr(saved, name)) for name in (*LIMITS, "zone")}
    values["is_on"] = "yes" if saved.is_on else ""
    return values | {f"question_{language}": saved.questions.get(language, "") for language in LANGUAGES}


def _question_names() -> list[str]:
    return [f"question_{language}" for language in LANGUAGES]


def _brands(viewer: Any) -> list[Brand]:
    return [brand for brand in list_brands(db.session()) if brand.id in viewer.brand_ids]


def _brand(brand_id: uuid.UUID) -> Brand:
    """Return the brand. Raises SurveyMissing if the reader does not see it."""
    found = next((one for one in _brands(require(Permission.SURVEYS_MANAGE)) if one.id == brand_id), None)
    if found is None:
        raise SurveyMissing(str(brand_id))
    return found


def _kind(text: str) -> SurveyKind:
    if text not in tuple(SurveyKind):
        abort(404)
    return SurveyKind(text)

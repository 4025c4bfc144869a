"""Describe categories, languages and problems of templates as text, and provide example values for the preview."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask_babel import format_date

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.orders.models import OrderStatus
from app.domain.orders.template_facts import STATUS_WORDS
from app.domain.reply_templates.models import TemplateCategory
from app.domain.reply_templates.variables import Problem

CATEGORIES = {
    TemplateCategory.CUSTOMER_SERVICE: N_("Customer service"),
    TemplateCategory.INSTALLATION_SCHEDULING: N_("Scheduling installations"),
    TemplateCategory.TECHNICAL_SUPPORT: N_("Technical support"),
    TemplateCategory.SALES_INQUIRY: N_("Sales"),
    TemplateCategory.COMPLAINT_RESPONSE: N_("Complaints"),
    TemplateCategory.FOLLOW_UP: N_("Follow-up"),
    TemplateCategory.AUTO_RESPONSE: N_("Automatic replies"),
    TemplateCategory.INTERNAL_NOTIFICATION: N_("Internal notes"),
}
LANGUAGES = {"en": "English", "nl": "Nederlands", "fr": "Français"}
MONTHS = {
    "en": "January February March April May June July August September October November December".split(),  # noqa: SIM905
    "nl": "januari februari maart april mei juni juli augustus september oktober november december".split(),  # noqa: SIM905
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),  # noqa: SIM905
}
_EXAMPLE = {
    "contact.first_name": "Lotte",
    "contact.name": "Lotte Vermeulen",
    "contact.organization": "Bouwbedrijf Van Rijn",
    "contact.email": "lotte@example.com",
    "contact.phone": "+31 6 12345678",
    "thread.number": "4021",
    "order.number": "CC-2026-00418",
    "order.total": "€ 1.249,00",
    "order.articles": "Wallbox 11kW",
    "visit.time": "09:00",
    "visit.end_time": "11:00",
    "visit.place": "Kerkstraat 12, Utrecht",
    "visit.technician": "Tom de Wit",
    "brand.name": "ChargeCars",
    "user.name": "Sarah Bakker",
    "user.first_name": "Sarah",
    "user.email": "sarah@example.com",
}
_SUBJECTS = {"en": "My charger blinks red", "nl": "Mijn laadpaal knippert rood", "fr": "Ma borne clignote en rouge"}


def category_words(category: str) -> str:
    return _(CATEGORIES[TemplateCategory(category)])


def language_words(language: str) -> str:
    return LANGUAGES.get(language, language)


def problem_words(problem: Problem) -> str:
    """Return one sentence that says what is wrong in a template and where."""
    place = {"line": problem.line, "column": problem.column}
    if problem.kind == "stray":
        return _("Line %(line)s, column %(column)s: there are no matching braces for %(name)s.", name=problem.name, **place)
    if not problem.name:
        return _("Line %(line)s, column %(column)s: the braces contain no variable.", **place)
    name = "{{" + problem.name + "}}"
    return _("Line %(line)s, column %(column)s: there is no variable %(name)s.", name=name, **place)


def date_in(language: str, day: datetime) -> str:
    """Return a date as text in the language of a template. That language may differ from the reader's."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}" if language in MONTHS else format_date(day)


def example_facts(language: str, today: datetime) -> Mapping[str, str]:
    """Return variable name -> invented example value, for every variable."""
    told = language if language in STATUS_WORDS else "en"
    return {
        **_EXAMPLE,
        "order.status": STATUS_WORDS[told][OrderStatus.SCHEDULED],
        "thread.subject": _SUBJECTS.get(language, _SUBJECTS["en"]),
        "visit.date": date_in(language, today),
        "date.today": date_in(language, today),
    }

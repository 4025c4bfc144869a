"""Form of a reply template (`TemplateForm`)."""

from __future__ import annotations

import uuid
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.core.text import storable
from app.core.translation import TranslatedForm
from app.domain.connections.models import Medium
from app.domain.reply_templates.actions import TemplateContent
from app.domain.reply_templates.formatting import HTML_CHARACTERS, cleaned
from app.domain.reply_templates.models import TemplateCategory
from app.domain.reply_templates.variables import list_problems
from app.domain.reply_templates.views import LANGUAGES, problem_words
from app.mail.rich import rich_to_text

TEXT_CHARACTERS = 20_000
FITS = (Medium.EMAIL, Medium.WHATSAPP, Medium.SMS, Medium.INTERNAL)


def _one_line(text: Any) -> Any:
    return " ".join(storable(text).split()) if isinstance(text, str) else text


def _lines(text: Any) -> Any:
    return storable(text).replace("\r\n", "\n").strip() if isinstance(text, str) else text


class TemplateForm(TranslatedForm):
    """Form of a reply template. The route sets the brands to choose from, and the labels of all choices."""

    name = StringField(
        validators=[DataRequired(_l("Enter a name.")), Length(max=120, message=_l("Use at most 120 characters."))],
        filters=[_one_line],
    )
    category = SelectField(choices=[SelectChoice(category.value, category.value) for category in TemplateCategory])
    language = SelectField(choices=[SelectChoice(code, words) for code, words in LANGUAGES.items()])
    media = SelectMultipleField(choices=[SelectChoice(medium.value, medium.value) for medium in FITS])
    brands = SelectMultipleField(coerce=lambda value: value if isinstance(value, uuid.UUID) else uuid.UUID(value))
    for_visits = BooleanField()
    subject = StringField(validators=[Length(max=300, message=_l("Use at most 300 characters."))], filters=[_one_line])
    text = TextAreaField(
        validators=[
            DataRequired(_l("Write the text.")),
            Length(max=TEXT_CHARACTERS, message=_l("Use at most 20,000 characters.")),
        ],
        filters=[_lines],
    )
    html = StringField(
        validators=[Length(max=HTML_CHARACTERS, message=_l("Use at most 100,000 characters, formatting included."))]
    )
    plain = TextAreaField(
        validators=[Length(max=TEXT_CHARACTERS, message=_l("Use at most 20,000 characters."))], filters=[_lines]
    )  # instead of the plain version made from `html`
    thread = StringField(filters=[_one_line])  # for the preview alone

    def validate_subject(self, field: Field) -> None:
        _refuse_problems(field)

    def validate_text(self, field: Field) -> None:
        _refuse_problems(field)

    def validate_plain(self, field: Field) -> None:
        _refuse_problems(field)

    def validate_html(self, field: Field) -> None:
        """Refuse HTML in which formatting begins inside a variable. The plain text does not show this error."""
        if list_problems(self.formatted) and not list_problems(self.text.data or ""):
            raise ValidationError(_l("A variable has formatting inside its braces: remove that formatting."))

    @property
    def formatted(self) -> str:
        """The template's HTML, cleaned; "" if it has no formatting."""
        return cleaned(self.html.data or "")

    @property
    def plain_text(self) -> str:
        """The plain version of the template, which is sent if a message has no formatting."""
        html = self.formatted
        return (self.plain.data or rich_to_text(html)) if html else (self.text.data or "")

    def content(self) -> TemplateContent:
        """Return the content of a valid form."""
        return TemplateContent(
            name=self.name.data,
            category=TemplateCategory(self.category.data),
            language=self.language.data,
            text=self.plain_text,
            html=self.formatted,
            subject=self.subject.data or "",
            media=tuple(self.media.data or ()),
            for_visits=self.for_visits.data,
            brand_ids=tuple(self.brands.data or ()),
        )


def _refuse_problems(field: Field) -> None:
    problems = list_problems(field.data or "")
    if problems:
        raise ValidationError(" ".join(problem_words(problem) for problem in problems[:5]))

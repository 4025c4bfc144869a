"""Forms of the account pages: sign-in, profile, password, token, person, brand, set-up, team.

The CSRF token is checked for every POST.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.core.text import storable
from app.core.translation import TranslatedForm
from app.domain.accounts.models import Role
from app.domain.accounts.passwords import MAX_CHARACTERS
from app.domain.accounts.tokens import SCOPES

LANGUAGES = (("en", "English"), ("nl", "Nederlands"), ("fr", "Français"))
THEMES = (("system", _l("System")), ("light", _l("Light")), ("dark", _l("Dark")))
DENSITIES = (("comfortable", _l("Comfortable")), ("compact", _l("Compact: more threads on the screen")))
AFTER_CLOSING = (("next", _l("Open the next thread")), ("list", _l("Go back to the list")))
UNDO_SECONDS = (
    (0, _l("Off: send immediately")),
    (5, _l("5 seconds")),
    (10, _l("10 seconds")),
    (20, _l("20 seconds")),
)
ROLES = (
    (Role.AGENT.value, _l("Agent")),
    (Role.LEAD.value, _l("Team lead")),
    (Role.MANAGER.value, _l("Manager")),
    (Role.TECHNICIAN.value, _l("Technician")),
    (Role.READ_ONLY.value, _l("Read only")),
    (Role.ADMIN.value, _l("Administrator")),
)
COLOURS = ((0, _l("Grey")), (1, _l("Blue")), (2, _l("Amber")), (3, _l("Violet")), (4, _l("Rose")), (5, _l("Green")))
CUSTOMERS_LANGUAGES = (("nl", _l("Dutch")), ("en", _l("English")), ("fr", _l("French")))
TOKEN_DAYS = (("30", _l("30 days")), ("90", _l("90 days")), ("365", _l("1 year")), ("0", _l("No end date")))


def choices(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Return (value, words) pairs as the choices of a wtforms field."""
    return [SelectChoice(value, words) for value, words in pairs]


def _cleaned(text: Any) -> Any:
    """Return a text as one line, without characters that the database refuses. Return a value that is not a text unchanged."""
    return " ".join(storable(text).split()) if isinstance(text, str) else text


def _id(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def _needed(text: Any) -> list[Any]:
    return [DataRequired(text)]


class ForgottenForm(TranslatedForm):
    email = EmailField(
        validators=[DataRequired(_l("Enter your email address.")), Length(max=320, message=_l("This address is too long."))],
        filters=[_cleaned],
    )


class SignInForm(ForgottenForm):
    password = PasswordField(validators=_needed(_l("Enter your password.")))


class InvitedForm(TranslatedForm):
    password = PasswordField(
        validators=[DataRequired(_l("Enter a new password.")), Length(max=MAX_CHARACTERS, message=_l("This is too long."))]
    )


class ProfileForm(TranslatedForm):
    name = StringField(
        validators=[DataRequired(_l("Enter your name.")), Length(max=100, message=_l("Use at most 100 characters."))],
        filters=[_cleaned],
    )
    locale = SelectField(choices=choices(LANGUAGES))
    timezone = SelectField(choices=choices((name, name) for name in sorted(available_timezones())))
    theme = SelectField(choices=choices(THEMES))
    density = SelectField(choices=choices(DENSITIES), default="comfortable")
    after_closing = SelectField(choices=choices(AFTER_CLOSING), default="next")
    single_keys = BooleanField()
    undo_send_seconds = SelectField(choices=choices(UNDO_SECONDS), coerce=int, default=10)


class PasswordForm(TranslatedForm):
    current = PasswordField(validators=_needed(_l("Enter your current password.")))
    new = PasswordField(validators=_needed(_l("Enter a new password.")))
    again = PasswordField(validators=_needed(_l("Enter the new password again.")))

    def validate_again(self, field: Field) -> None:
        if field.data != self.new.data:
            raise ValidationError(_l("The new passwords do not match."))


class TokenForm(TranslatedForm):
    name = StringField(
        validators=[
            DataRequired(_l("Say what the token is for.")),
            Length(max=100, message=_l("Use at most 100 characters.")),
        ],
        filters=[_cleaned],
    )
    scopes = SelectMultipleField(
        choices=choices((scope, scope) for scope in SCOPES),
        validators=_needed(_l("Choose at least one permission for the token.")),
    )
    days = SelectField(choices=choices(TOKEN_DAYS), default="90")
    password = PasswordField(
        validators=[DataRequired(_l("Enter your password.")), Length(max=MAX_CHARACTERS, message=_l("This is too long."))]
    )


class PersonForm(TranslatedForm):
    """Form of a person, for administrators. The route sets the choices of brands and teams."""

    name = StringField(
        validators=[DataRequired(_l("Enter a name.")), Length(max=100, message=_l("Use at most 100 characters."))],
        filters=[_cleaned],
    )
    role = SelectField(choices=choices(ROLES), default=Role.AGENT.value)
    brands = SelectMultipleField(coerce=_id)
    teams = SelectMultipleField(coerce=_id)


class NewPersonForm(PersonForm):
    email = EmailField(
        validators=[DataRequired(_l("Enter an email address.")), Length(max=320, message=_l("This address is too long."))],
        filters=[_cleaned],
    )


class BrandForm(TranslatedForm):
    """Form of a brand, for administrators. The route sets the choices of countries, in the reader's language."""

    name = StringField(
        validators=[DataRequired(_l("Enter a name.")), Length(max=100, message=_l("Use at most 100 characters."))],
        filters=[_cleaned],
    )
    order_prefix = StringField(filters=[lambda text: (_cleaned(text) or "").upper()])
    hue = SelectField(choices=choices(COLOURS), coerce=int, default=0)
    language = SelectField(choices=choices(CUSTOMERS_LANGUAGES), default="nl")
    others = SelectMultipleField(choices=choices(CUSTOMERS_LANGUAGES))
    timezone = SelectField(choices=choices((name, name) for name in sorted(available_timezones())), default="Europe/Amsterdam")
    country = SelectField(default="NL")
    email_signature = TextAreaField(
        validators=[Length(max=2000, message=_l("Use at most 2000 characters."))], filters=[lambda text: storable(text or "")]
    )


class SetUpForm(TranslatedForm):
    """Form that sets up the first administrator and the first brand."""

    code = StringField(validators=_needed(_l("Enter the code.")), filters=[_cleaned])
    name = StringField(
        validators=[DataRequired(_l("Enter your name.")), Length(max=100, message=_l("Use at most 100 characters."))],
        filters=[_cleaned],
    )
    email = EmailField(
        validators=[DataRequired(_l("Enter your email address.")), Length(max=320, message=_l("This address is too long."))],
        filters=[_cleaned],
    )
    password = PasswordField(
        validators=[DataRequired(_l("Enter a new password.")), Length(max=MAX_CHARACTERS, message=_l("This is too long."))]
    )
    brand = StringField(
        validators=[DataRequired(_l("Enter a name.")), Length(max=100, message=_l("Use at most 100 characters."))],
        filters=[_cleaned],
    )
    order_prefix = StringField(filters=[lambda text: (_cleaned(text) or "").upper()])
    hue = SelectField(choices=choices(COLOURS), coerce=int, default=1)
    language = SelectField(choices=choices(CUSTOMERS_LANGUAGES), default="nl")


class TeamForm(TranslatedForm):
    """Form of a team: its name and people. The route sets the choices of people."""

    name = StringField(
        validators=[DataRequired(_l("Enter a name.")), Length(max=100, message=_l("Use at most 100 characters."))],
        filters=[_cleaned],
    )
    people = SelectMultipleField(coerce=_id)

"""Form of a webhook (`WebhookForm`)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.core.text import mark as N_
from app.core.text import storable
from app.core.translation import TranslatedForm
from app.core.translation import gettext as _
from app.domain.webhooks.actions import EndpointContent
from app.domain.webhooks.models import ANY_EVENT, MAX_NAME, MAX_URL, WebhookEndpoint
from app.domain.webhooks.platform_events import NAMES
from app.domain.webhooks.rules import BadEndpoint, checked_headers, checked_url

SCHEDULES = ("webhook", "patient", "partner")
KEPT = "••••"
ONE_A_LINE = N_("Write one header per line, like X-Tenant: 7.")


def _one_line(text: Any) -> Any:
    return " ".join(storable(text).split()) if isinstance(text, str) else text


class WebhookForm(TranslatedForm):
    """A webhook endpoint as typed into its form. The page sets the brands to choose from, and to which URLs it may send
    (`allows_http`, `ports`)."""

    name = StringField(
        validators=[DataRequired(_l("Enter a name.")), Length(max=MAX_NAME, message=_l("Use at most 100 characters."))],
        filters=[_one_line],
    )
    url = StringField(validators=[DataRequired(_l("Enter an address.")), Length(max=MAX_URL)], filters=[_one_line])
    brand = SelectField(coerce=lambda value: value if isinstance(value, uuid.UUID) else uuid.UUID(value))
    event_types = SelectMultipleField(choices=[SelectChoice(name, name) for name in NAMES])
    hears_all = BooleanField()
    includes_customer_data = BooleanField()
    schedule = SelectField(choices=[SelectChoice(name, name) for name in SCHEDULES])
    headers = TextAreaField(validators=[Length(max=20_000)])

    allows_http: bool = False
    ports: tuple[int, ...] = (443,)

    def validate_url(self, field: Field) -> None:
        try:
            self.address = checked_url(field.data or "", allows_http=self.allows_http, ports=self.ports)
        except BadEndpoint as refused:
            raise ValidationError(_(str(refused))) from None

    def validate_event_types(self, field: Field) -> None:
        if not field.data and not self.hears_all.data:
            raise ValidationError(_("Choose at least one event."))

    def validate_headers(self, field: Field) -> None:
        try:
            typed = dict(_lines(field.data or ""))
            checked_headers({name: "" if value == KEPT else value for name, value in typed.items()})
            self.typed_headers = typed
        except (BadEndpoint, ValueError) as refused:
            words = str(refused) if isinstance(refused, BadEndpoint) else ONE_A_LINE
            raise ValidationError(_(words)) from None

    def content(self, kept: dict[str, str]) -> EndpointContent:
        """Return the endpoint's content from a form that was validated.

        `kept`: the stored headers by name. They are used for headers whose values the page showed as dots.
        """
        headers = {name: kept.get(name, "") if value == KEPT else value for name, value in self.typed_headers.items()}
        types = (ANY_EVENT,) if self.hears_all.data else tuple(self.event_types.data)
        return EndpointContent(
            self.name.data,
            self.address,
            types,
            headers,
            schedule=self.schedule.data,
            includes_customer_data=self.includes_customer_data.data,
        )


def values_of(endpoint: WebhookEndpoint, headers: Iterable[str]) -> dict[str, Any]:
    """Return the form's values of an endpoint, without the values of its headers."""
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "brand": endpoint.brand_id,
        "event_types": [name for name in endpoint.event_types if name != ANY_EVENT],
        "hears_all": ANY_EVENT in endpoint.event_types,
        "includes_customer_data": endpoint.includes_customer_data,
        "schedule": endpoint.schedule,
        "headers": "\n".join(f"{name}: {KEPT}" for name in headers),
    }


def _lines(text: str) -> list[tuple[str, str]]:
    """Return the pair (name, value) of each line. Raises ValueError if a line has no colon."""
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(line)
        found.append((name.strip(), value.strip()))
    return found

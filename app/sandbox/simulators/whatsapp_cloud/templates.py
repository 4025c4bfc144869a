"""Simulate templates at Meta: create one, and check exactly whether one is filled in correctly. Shares no code with our own
checks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.whatsapp_cloud.graph_error import GraphError

_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
_REFUSED_STATUS = {"PAUSED": 132015, "DISABLED": 132016}
_BUTTON_LIMITS = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "QUICK_REPLY": 10}


@dataclass
class Template:
    """One template in one language."""

    id: str
    name: str
    language: str
    category: str
    components: list[Json]
    status: str = "APPROVED"
    parameter_format: str = "POSITIONAL"

    def part(self, kind: str) -> Json:
        return next((part for part in self.components if part.get("type") == kind), {})

    def to_json(self) -> Json:
        return dict(vars(self))


def created(body: Json, *, template_id: str, status: str) -> Template:
    """Return a new template from the body of a create call. Raises `GraphError` with Meta's code if Meta would not allow it."""
    name, language, category = str(body.get("name", "")), str(body.get("language", "")), str(body.get("category", ""))
    if not re.fullmatch(r"[a-z0-9_]{1,512}", name):
        raise GraphError(100, "The name may have lower-case letters, digits and underscores only")
    if not language or category not in _CATEGORIES:
        raise GraphError(100, "language and category (UTILITY, MARKETING, AUTHENTICATION) are required")
    components = [part for part in body.get("components") or [] if isinstance(part, dict)]
    template = Template(
        template_id, name, language, category, components, status, str(body.get("parameter_format", "POSITIONAL"))
    )
    _check_body_text(str(template.part("BODY").get("text", "")))
    _check_labels(template)
    return template


def _check_body_text(text: str) -> None:
    if not text or len(text) > 1024:
        raise GraphError(2388040, "The body must have 1 to 1024 characters")
    stripped = text.strip()
    if re.match(_PLACE, stripped) or stripped.endswith("}}"):
        raise GraphError(2388299, "Variables cannot be at the start or end of the body")
    if re.search(r"\}\}\s*\{\{", text) or len(text.split()) < 2 * len(_PLACE.findall(text)) + 1:
        raise GraphError(2388293, "Too many variables for the length of the text")


def _check_labels(template: Template) -> None:
    if len(str(template.part("FOOTER").get("text", ""))) > 60:
        raise GraphError(2388073, "The footer may have 60 characters")
    buttons = template.part("BUTTONS").get("buttons") or []
    for kind, limit in _BUTTON_LIMITS.items():
        if sum(button.get("type") == kind for button in buttons) > limit:
            raise GraphError(2388019, f"Too many buttons of type {kind}")
    if len(buttons) > 10 or any(len(str(button.get("text", ""))) > 25 for button in buttons):
        raise GraphError(2388019, "At most 10 buttons with labels of at most 25 characters")


def check_filled_in(sent: Any, known: dict[tuple[str, str], Template]) -> Template:
    """Return the template that a send call names.

    `known` maps (name, language) to the template. Raises `GraphError` if the template is missing or if its values do not fit
    exactly.
    """
    if not isinstance(sent, dict) or not sent.get("name") or not isinstance(sent.get("language"), dict):
        raise GraphError(131008, "template.name and template.language are required")
    template = known.get((sent["name"], str(sent["language"].get("code"))))
    if template is None or template.status not in ("APPROVED", *_REFUSED_STATUS):
        raise GraphError(132001, f"template name ({sent['name']}) does not exist in {sent['language'].get('code')}")
    if template.status in _REFUSED_STATUS:
        raise GraphError(_REFUSED_STATUS[template.status], f"template {template.name} is {template.status.lower()}")
    parts = [part for part in sent.get("components") or [] if isinstance(part, dict)]
    _check_header(template, _parameters(parts, "header"))
    _check_body(template, _parameters(parts, "body"))
    _check_buttons(template, [part for part in parts if part.get("type") == "button"])
    return template


def _parameters(parts: Iterable[Json], kind: str) -> list[Json]:
    return [value for part in parts if part.get("type") == kind for value in part.get("parameters") or []]


def _check_header(template: Template, given: list[Json]) -> None:
    header = template.part("HEADER")
    form = str(header.get("format", "TEXT"))
    if form == "TEXT":
        _check_values("header", str(header.get("text", "")), given, template)
        return
    if len(given) != 1:
        raise GraphError(132000, f"header: number of parameters ({len(given)}) does not match the expected number (1)")
    content = given[0].get(form.lower())
    if given[0].get("type") != form.lower() or not isinstance(content, dict):
        raise GraphError(132012, f"header: expected a parameter of type {form.lower()}")
    if form != "LOCATION" and not (content.get("id") or content.get("link")):
        raise GraphError(132012, f"header: {form.lower()} needs id or link")


def _check_body(template: Template, given: list[Json]) -> None:
    text = str(template.part("BODY").get("text", ""))
    _check_values("body", text, given, template)
    if len(filled_in(text, given)) > 1024:
        raise GraphError(132005, "Translated text of the body is longer than 1024 characters")


def _check_values(where: str, text: str, given: list[Json], template: Template) -> None:
    wanted = list(dict.fromkeys(_PLACE.findall(text)))
    if len(given) != len(wanted):
        detail = f"number of localizable_params ({len(given)}) does not match the expected number of params ({len(wanted)})"
        raise GraphError(132000, f"{where}: {detail}")
    for value in given:
        if value.get("type") not in ("text", "currency", "date_time"):
            raise GraphError(132012, f"{where}: expected parameters of type text")
        _check_text(where, value)
    if template.parameter_format == "NAMED" and {value.get("parameter_name") for value in given} != set(wanted):
        raise GraphError(132012, f"{where}: parameter_name must be {', '.join(wanted)}")


def _check_text(where: str, value: Json) -> None:
    text = value.get("text")
    if value.get("type") == "text" and (not isinstance(text, str) or not text):
        raise GraphError(131008, f"{where}: text of a parameter is missing")
    if re.search(r"[\n\t]| {5}", str(text or "")):
        raise GraphError(132018, f"{where}: param text cannot have new-line/tab characters or more than 4 consecutive spaces")


def _check_buttons(template: Template, given: list[Json]) -> None:
    buttons = template.part("BUTTONS").get("buttons") or []
    by_index = {str(part.get("index")): part for part in given}
    for index, button in enumerate(buttons):
        wants_value = button.get("type") in ("COPY_CODE", "OTP") or _PLACE.search(str(button.get("url", "")))
        part = by_index.pop(str(index), None)
        has_value = bool(part and part.get("parameters"))
        if wants_value and not has_value:
            raise GraphError(131008, f"buttons: button at index {index} requires a parameter")
        if has_value and button.get("type") == "URL" and not wants_value:
            raise GraphError(132018, f"buttons: button at index {index} takes no parameter")
    if by_index:
        raise GraphError(132018, f"buttons: no button at index {', '.join(by_index)}")


def filled_in(text: str, given: list[Json]) -> str:
    """Return a template's text with the values in `given` in place of its variables."""
    named = {str(value.get("parameter_name")): str(value.get("text", "")) for value in given if value.get("parameter_name")}
    numbered = {str(number): str(value.get("text", "")) for number, value in enumerate(given, start=1)}
    return _PLACE.sub(lambda place: (named or numbered).get(place.group(1), place.group(0)), text)


def shown(template: Template, sent: Json) -> str:
    """Return the text of a filled-in template as the customer sees it: header, body and footer, one below the other."""
    parts = [part for part in sent.get("components") or [] if isinstance(part, dict)]
    header = filled_in(str(template.part("HEADER").get("text", "")), _parameters(parts, "header"))
    body = filled_in(str(template.part("BODY").get("text", "")), _parameters(parts, "body"))
    return "\n".join(filter(None, [header, body, str(template.part("FOOTER").get("text", ""))]))


def starting_templates() -> dict[tuple[str, str], Template]:
    """Return the templates that every simulated account starts with, by (name, language): one of each useful kind."""
    made = [Template(str(10**14 + number), *known) for number, known in enumerate(_STARTING, start=1)]
    return {(template.name, template.language): template for template in made}


def _body(text: str) -> Json:
    return {"type": "BODY", "text": text}


_STARTING: tuple[Any, ...] = (
    ("hello_world", "en_US", "UTILITY", [_body("Welcome and congratulations!! This message shows that sending works.")]),
    (
        "afspraak_bevestiging",
        "nl",
        "UTILITY",
        [
            _body("Beste {{1}}, uw afspraak voor de laadpaal staat op {{2}}. Tot dan!"),
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": "Akkoord"}, {"type": "QUICK_REPLY", "text": "Verzetten"}],
            },
        ],
    ),
    ("appointment_reminder", "nl", "UTILITY", [_body("Beste {{1}}, op {{2}} komen wij bij u langs. Schikt dat nog steeds?")]),
    ("order_status_update", "nl", "UTILITY", [_body("Uw bestelling {{1}} is nu {{2}}. Vragen? Antwoord op dit bericht.")]),
    ("order_status_update", "en", "UTILITY", [_body("Your order {{1}} is now {{2}}. Questions? Answer this message.")]),
    ("order_completion_notification", "nl", "UTILITY", [_body("Uw bestelling {{1}} is {{2}}. Bedankt voor uw vertrouwen!")]),
    ("follow_up", "nl", "UTILITY", [_body("Beste {{1}}, is uw vraag naar wens opgelost? Antwoord gerust op dit bericht.")]),
    ("afspraak_bevestiging", "en", "UTILITY", [_body("Dear {{1}}, your charge point is installed on {{2}}. See you then!")]),
    (
        "reactie_gevraagd",
        "nl",
        "UTILITY",
        [_body("Beste {{naam}}, we hebben nog een vraag over order {{order}}. Kunt u reageren?")],
        "APPROVED",
        "NAMED",
    ),
    (
        "monteur_onderweg",
        "nl",
        "UTILITY",
        [
            {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
            _body("Onze monteur {{1}} is onderweg en is er rond {{2}} uur."),
            {"type": "FOOTER", "text": "ChargeCars"},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "URL", "text": "Volg monteur", "url": "https://chargecars.example/t/{{1}}"}],
            },
        ],
    ),
    (
        "foto_offerte",
        "nl",
        "MARKETING",
        [{"type": "HEADER", "format": "IMAGE"}, _body("Zo komt de laadpaal te hangen, {{1}}. Akkoord?")],
    ),
    ("winteractie", "nl", "MARKETING", [_body("Nu tijdelijk korting op een tweede laadpunt.")], "PAUSED"),
    ("nog_niet_goedgekeurd", "nl", "MARKETING", [_body("Deze tekst wacht nog op goedkeuring.")], "PENDING"),
    ("follow_up", "fr", "UTILITY", [_body("Bonjour {{1}}, votre demande est-elle réglée ? Répondez simplement à ce message.")]),
    ("order_status_update", "fr", "UTILITY", [_body("Votre commande {{1}} est maintenant {{2}}. Une question ? Répondez ici.")]),
)

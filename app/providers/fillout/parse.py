"""Parse what Fillout posts, in its three shapes: the submission alone, in an envelope, or in a body somebody built.

No database. Unknown questions become answers too. Only a body that is no JSON object, or has neither answers nor an id, is
an error.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.contract.address_parts import AddressParts, read_fields, read_line
from app.contract.base import UnableToParse
from app.contract.forms import FIELDS, Answer, Intake, Submission
from app.core.text import mark as N_
from app.core.text import storable, storable_json

MOST_ANSWERS, MOST_PRODUCTS = 300, 100
# What people call the questions we need, folded; the first that is there counts. Types say more than names.
_NAMES = {
    "customer_name": (
        "customer_name",
        "customer name",
        "name",
        "naam",
        "volledige naam",
        "full name",
        "your name",
        "uw naam",
        "nom",
    ),
    "email": ("email", "e-mail", "e-mailadres", "email address", "e-mail address", "courriel"),
    "phone": ("phone", "phone number", "telefoon", "telefoonnummer", "mobiel", "téléphone"),
    "address": ("address", "adres", "installation address", "installatieadres", "adresse"),
    "products": ("selected_products", "selected products", "products", "producten", "gekozen producten", "produits"),
    "notes": ("charging_needs", "charging needs", "notes", "opmerkingen", "wensen", "remarks", "remarques", "vraag"),
    "reference": (
        "partner_order_id",
        "order number",
        "order id",
        "reference",
        "ordernummer",
        "opdrachtnummer",
        "bestelnummer",
        "referentie",
        "kenmerk",
        "numéro de commande",
        "référence",
    ),
}
_TYPES = {"email": ("EmailInput",), "phone": ("PhoneNumber",), "address": ("Address",)}


def read_submission(body: bytes, *, received_at: datetime) -> Submission:
    """Return the submission in a posted body. Raises UnableToParse."""
    whole = _object(body)
    inner = whole.get("submission")
    found = inner if isinstance(inner, dict) else whole
    answers = _answers(found) or _answers(whole)
    external_id = _text(found.get("submissionId") or whole.get("submissionId"))
    if not answers and not external_id:
        raise UnableToParse(N_("the form has no answers"))
    submitted_at = _first_time(found, whole, "submissionTime", "submittedAt", "lastUpdatedAt") or received_at
    return Submission(
        external_id=external_id[:200] or f"body:{_digest(whole)}",
        form_id=_text(whole.get("formId") or found.get("formId"))[:200],
        form_name=_text(whole.get("formName") or found.get("formName"))[:200],
        submitted_at=submitted_at,
        told_at=_first_time(found, whole, "lastUpdatedAt") or submitted_at,
        answers=answers[:MOST_ANSWERS],
        is_test=_is_test(found) or _is_test(whole),
    )


def read_intake(submission: Submission, fields: Mapping[str, str]) -> Intake:
    """Return the intake (customer, address, products and so on) that the answers of a submission contain.

    `fields` maps some of FIELDS to the id or name of the question to read. For every other field, the question is found by
    its type or its usual names.
    """
    named = {name: _named(submission, question) for name, question in fields.items() if question and name in FIELDS}
    found = {name: named.get(name) or _by_itself(submission, name) for name in FIELDS}
    values = {name: answer.value if answer else None for name, answer in found.items()}
    return Intake(
        customer_name=_line(values["customer_name"], 200),
        email=_line(values["email"], 320),
        phone=_line(values["phone"], 60),
        address=_address(values["address"]),
        products=_products(values["products"]),
        notes=_words(values["notes"])[:5000],
        reference=_line(values["reference"], 100),
        missing=tuple(name for name, answer in named.items() if answer is None),
    )


def in_words(submission: Submission) -> str:
    """Return the answered questions as text, one "question: answer" per line."""
    lines = [f"{answer.name or answer.id}: {_words(answer.value)}" for answer in submission.answers if _words(answer.value)]
    return storable("\n".join(lines))[:100_000]


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnableToParse(N_("the body is not JSON")) from error
    if not isinstance(found, dict):
        raise UnableToParse(N_("the body is not an object"))
    whole: dict[str, Any] = storable_json(found)
    return whole


def _answers(found: dict[str, Any]) -> tuple[Answer, ...]:
    questions, responses = found.get("questions"), found.get("responses")
    if isinstance(questions, list):
        return tuple(
            Answer(_text(one.get("id"))[:200], _text(one.get("name"))[:500], _text(one.get("type"))[:80], one.get("value"))
            for one in questions
            if isinstance(one, dict)
        )
    if isinstance(responses, dict):
        return tuple(Answer(str(name)[:200], str(name)[:500], "", value) for name, value in responses.items())
    return ()


def _is_test(found: dict[str, Any]) -> bool:
    parameters = found.get("urlParameters")
    named = (one for one in parameters if isinstance(one, dict)) if isinstance(parameters, list) else ()
    return any(_text(one.get("name")) == "test" and _text(one.get("value")) in ("1", "true", "yes") for one in named)


def _named(submission: Submission, question: str) -> Answer | None:
    by_id = next((answer for answer in submission.answers if answer.id == question), None)
    return by_id or next((answer for answer in submission.answers if answer.name == question), None)


def _by_itself(submission: Submission, field_name: str) -> Answer | None:
    given = [answer for answer in submission.answers if answer.value not in (None, "", [], {})]
    typed = next((answer for answer in given if answer.type in _TYPES.get(field_name, ())), None)
    by_name = {key.strip().casefold(): answer for answer in reversed(given) for key in (answer.name, answer.id)}
    return typed or next((by_name[name] for name in _NAMES[field_name] if name in by_name), None)


def _address(value: Any) -> AddressParts | None:
    if isinstance(value, dict):
        known = {name: _line(value.get(name), 300) for name in ("address", "city", "country", "street", "houseNumber")}
        code = next((_line(value[name], 20) for name in ("zipCode", "zip", "postalCode", "postal_code") if value.get(name)), "")
        street = known["street"] or known["address"]
        parts = read_fields(
            street=street, house_number=known["houseNumber"], postal_code=code, city=known["city"], country=known["country"]
        )
        return parts if parts.typed else None
    text = _line(value, 500)
    return read_line(text) if text else None


def _products(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value] if value else []
    return tuple(filter(None, (_line(_words(one), 300) for one in listed[:MOST_PRODUCTS])))


def _line(value: Any, most: int) -> str:
    return " ".join(_words(value).split())[:most]


def _words(value: Any, depth: int = 0) -> str:
    """Return the value of any answer as text. An object, such as a file or a choice, becomes its label, file name, name and
    URL."""
    if value is None or depth > 4:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, list):
        return ", ".join(filter(None, (_words(one, depth + 1) for one in value[:MOST_PRODUCTS])))
    if isinstance(value, dict):
        known = [value[name] for name in ("label", "filename", "name", "url") if value.get(name)]
        return " ".join(_words(one, depth + 1) for one in known or list(value.values())[:20]).strip()
    return str(value).strip()[:20_000]


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _first_time(found: dict[str, Any], whole: dict[str, Any], *names: str) -> datetime | None:
    times = (_time(found.get(name) or whole.get(name)) for name in names)
    return next((at for at in times if at is not None), None)


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at if 2000 <= at.year <= 2100 else None


def _digest(whole: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:40]

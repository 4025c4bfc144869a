"""Translate request bodies in a partner's own format, with stored rows that map the partner's fields to ours.

A row is {"path": the partner's field, "field": our field}. Points separate the names of a path. "[]" after a name means each
item of a list: `regels[].artikel` for `products[].partner_sku`. Several paths for one field are joined with a space, in the
order of the rows. Nothing is executed or guessed. A path without a row is stored with the order and reported as unread.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.text import known
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone

ITEMS = "[]"
LINES = "products"
MOST_ROWS, PATH_CHARACTERS, MOST_ITEMS, MOST_UNREAD, DEEPEST = 100, 200, 200, 50, 20
OWN_BODY = "own_body"  # where the body as it was sent is kept in the payload of an order
REQUIRED = ("partner_order_id", "customer.name", "customer.email", "customer.phone", "customer.address.postal_code")
WHAT = ("products[].partner_sku", "products[].description")  # one of them says what is ordered
QUANTITY = "products[].quantity"
FIELDS = (
    *REQUIRED,
    "customer.address.street",
    "customer.address.house_number",
    "customer.address.house_number_addition",
    "customer.address.city",
    "customer.address.country",
    *WHAT,
    QUANTITY,
    "partner_customer_id",
    "dealer_group_id",
    "purchase_order_number",
    "installation_preferences.preferred_date",
    "installation_preferences.time_preference",
    "installation_preferences.access_notes",
    "installation_preferences.notes",
)
_NO_FIELD = known("%(field)s is not one of our fields; use one of %(fields)s")
_NO_PATH = known("%(path)s is not a path such as client.name or items[].code")
_NO_LIST = known("%(path)s and %(field)s must both contain [] (items of a list), or both be without it")
_TWO_LISTS = known("the paths of %(first)s and %(second)s must lead to the same list")
_TOO_MANY = known("at most %(count)s rows")
MISSING = known("has no value: no path is mapped to it, or the sample has nothing at the mapped path")
NO_LINE = known("no order line says what is ordered: map a path to products[].partner_sku or products[].description")
NO_NUMBER = known("%(value)s is not a number above 0")
NO_VALUE = known("%(path)s is a list or an object, not a single value")


class WrongBodyMapping(ValueError):
    """Raised when the rows of a body mapping are invalid. The message says why, in English."""


@dataclass(frozen=True)
class Translated:
    """A request body in our format.

    `origins`: our field -> the partner's paths for it. `unread`: paths without a row. `faults`: pairs (the partner's path,
    problem).
    """

    body: dict[str, Any]
    origins: Mapping[str, str]
    unread: Sequence[str] = ()
    faults: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Preview:
    """The result of a body mapping on a sample. `found` has pairs (our field, value). `unread` are the paths without a row.

    `faults` has pairs (field, problem). The field is ours, or the partner's path if its value is a list or an object.
    """

    found: Sequence[tuple[str, str]]
    faults: Sequence[tuple[str, str]] = field(default_factory=tuple)
    unread: Sequence[str] = field(default_factory=tuple)


def checked(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Check the rows and return them as they are stored. Raises `WrongBodyMapping` if a row is invalid."""
    kept = [{"path": str(row.get("path", "")).strip(), "field": str(row.get("field", "")).strip()} for row in rows]
    if len(kept) > MOST_ROWS:
        raise WrongBodyMapping(_TOO_MANY % {"count": MOST_ROWS})
    lists = dict[str, str]()
    for row in kept:
        path, ours = row["path"], row["field"]
        if ours not in FIELDS:
            raise WrongBodyMapping(_NO_FIELD % {"field": ours, "fields": ", ".join(FIELDS)})
        if len(path) > PATH_CHARACTERS or not all(part.removesuffix(ITEMS).strip() for part in path.split(".")):
            raise WrongBodyMapping(_NO_PATH % {"path": path or "''"})
        if path.count(ITEMS) != ours.count(ITEMS):
            raise WrongBodyMapping(_NO_LIST % {"path": path, "field": ours})
        if ITEMS in path:
            lists.setdefault(path.partition(ITEMS)[0], ours)
    if len(lists) > 1:
        first, second = list(lists.values())[:2]
        raise WrongBodyMapping(_TWO_LISTS % {"first": first, "second": second})
    return kept


def translate(rows: Sequence[Mapping[str, str]], body: Mapping[str, Any]) -> Translated:
    """Translate a partner's request body to the format of our API. Missing fields are left out; the API reports them later."""
    made, origins = dict[str, Any](), dict[str, str]()
    faults: list[tuple[str, str]] = []
    for row in rows:
        path, ours = row["path"], row["field"]
        origins[ours] = f"{origins[ours]} {path}" if ours in origins else path
        outer, _, inner = path.partition(ITEMS)
        if ITEMS not in path:
            _put(made, ours, _value(body, path, faults))
            continue
        items = _at(body, outer)
        lines = made.setdefault(LINES, [])
        for place, item in enumerate(items[:MOST_ITEMS] if isinstance(items, list) else ()):
            if place == len(lines):
                lines.append({})
            name = ours.rpartition(".")[2]
            inside = inner.removeprefix(".")
            _put(lines[place], name, _value(item, inside, faults) if inside else item, is_number=ours == QUANTITY)
    read = {row["path"] for row in rows}
    unread = [path for path in dict.fromkeys(_paths(body)) if path not in read][:MOST_UNREAD]
    return Translated(made, origins, unread, faults)


def preview(rows: Sequence[Mapping[str, str]], body: Mapping[str, Any]) -> Preview:
    """Translate a sample body, and return the values with all missing or unreadable fields."""
    made = translate(rows, body)
    found = [(name, str(value)) for name, value in _leaves(made.body)]
    values, faults = dict(found), list(made.faults)
    faults += [(name, MISSING) for name in REQUIRED if not values.get(name)]
    for name, clean in (("customer.email", clean_email), ("customer.phone", clean_phone)):
        if values.get(name):
            try:
                clean(values[name])
            except NotAnAddress as error:
                faults.append((name, str(error)))
    lines = made.body.get(LINES) or []
    if not any(line.get("partner_sku") or line.get("description") for line in lines):
        faults.append((LINES, NO_LINE))
    for place, line in enumerate(lines):
        number = line.get("quantity", 1)
        if isinstance(number, bool) or not isinstance(number, int | float) or number <= 0:
            faults.append((f"{LINES}.{place}.quantity", NO_NUMBER % {"value": number}))
    return Preview(found, faults, made.unread)


def _value(body: Any, path: str, faults: list[tuple[str, str]]) -> Any:
    value = _at(body, path)
    if isinstance(value, dict | list):
        faults.append((path, NO_VALUE % {"path": path}))
        return None
    return value


def _at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _put(into: dict[str, Any], name: str, value: Any, *, is_number: bool = False) -> None:
    """Set a field in `into`. A text is appended to an existing text of the field; a number (`is_number`) replaces it.

    None and "" change nothing.
    """
    if value is None or value == "":
        return
    *outer, last = name.split(".")
    for one in outer:
        into = into.setdefault(one, {})
    if is_number:
        into[last] = _number(value)
        return
    text = str(value).lower() if isinstance(value, bool) else str(value)
    into[last] = f"{into[last]} {text}" if last in into else text


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value.strip().replace(",", "."))
        except ValueError:
            return value
    return value


def _paths(body: Any, at: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(body, Mapping) and depth < DEEPEST:
        for name, value in body.items():
            yield from _paths(value, f"{at}.{name}" if at else str(name), depth + 1)
    elif isinstance(body, list) and depth < DEEPEST:
        for value in body[:MOST_ITEMS]:
            yield from _paths(value, f"{at}{ITEMS}", depth + 1)
    else:
        yield at


def _leaves(body: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(body, dict | list):
        for name, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from _leaves(value, f"{at}.{name}" if at else str(name))
    else:
        yield at, body

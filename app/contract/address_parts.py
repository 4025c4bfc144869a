"""Read street, number, postcode and town from an address in one line or in fields. No database.

A part that cannot be recognised is "".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_POSTAL_CODE = re.compile(r"\b([1-9][0-9]{3})\s?([A-Za-z]{2})\b")
_NUMBER = re.compile(r"(?<=[\s,])[1-9][0-9]{0,4}(?![0-9])")
_ADDITION = re.compile(r"(?:\s?[-/]?\s?[A-Za-z0-9]{1,6}){0,2}")
_LETTER = re.compile(r"[^\W\d_]")
_YEAR = re.compile(r"1[5-9][0-9]{2}|20[0-9]{2}")  # as in "Plein 1940"
_NUMBER_WORD = re.compile(r"(?i)(?<![\s,])[\s,]+(?:nr|no|nummer)\.?\s*$")  # "Plein 1944 nr 5"
MOST_ADDITION = 16
_LEADING_NUMBER = re.compile(r"^(?P<number>[1-9][0-9]{0,4})\s*[-/]?\s*(?P<addition>.*)$")
_COUNTRIES = {"nederland": "NL", "netherlands": "NL", "the netherlands": "NL", "nl": "NL", "belgië": "BE", "belgium": "BE",
              "be": "BE",
              "deutschland": "DE", "germany": "DE", "duitsland": "DE", "de": "DE", "france": "FR", "frankrijk": "FR", "fr": "FR",
              "canada": "CA", "ca": "CA"}  # fmt: skip
MOST_CHARACTERS = 500
# Canada: the number before the street (and a unit before that), the place and its province, and the code last.
_CANADIAN_CODE = re.compile(r"(?i)[\s,]([ABCEGHJ-NPRSTVXY][0-9][A-Z])[\s-]?([0-9][A-Z][0-9])(?:[\s,]+canada)?$")
_PROVINCE = re.compile(r"(?:[\s,](?:AB|BC|MB|NB|NL|NS|NT|NU|ON|PE|QC|SK|YT|P\.?Q\.)|\([^()]{2,30}\))$")
_PROVINCES = frozenset({"québec", "quebec", "ontario", "alberta", "british columbia", "colombie-britannique", "manitoba",
                        "nouveau-brunswick", "new brunswick", "nova scotia", "nouvelle-écosse", "saskatchewan"})  # fmt: skip
_NUMBER_FIRST = re.compile(
    r"^(?:(?P<unit>[A-Za-z0-9]{1,6})\s?-\s?)?(?P<number>[1-9][0-9]{0,5})(?P<letter>[A-Za-z]?)\s+(?P<street>\S.*)$"
)


@dataclass(frozen=True)
class AddressParts:
    """An address in parts; each may be "". `typed` is the whole address as it was written, on one line."""

    typed: str
    street: str = ""
    house_number: str = ""
    house_number_addition: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "NL"


def read_line(text: str) -> AddressParts:
    """Return the parts of an address in one line, such as "Kerkstraat 123 A, 1234AB Amsterdam"."""
    typed = _folded(text)
    canadian = _CANADIAN_CODE.search(typed)
    if canadian is not None:
        return _canadian(typed, typed[: canadian.start()].strip(" ,"), (canadian[1] + canadian[2]).upper())
    codes = [one for one in _POSTAL_CODE.finditer(typed) if _ends_a_street(typed, one)]
    if not codes:
        return _without_postal_code(typed)
    found = codes[-1]
    street, number, addition = _street_and_number(typed[: found.start()].strip(" ,"))
    city, country = _city_and_country(typed[found.end() :].strip(" ,"))
    return AddressParts(typed, street, number, addition, (found[1] + found[2]).upper(), city, country)


def read_fields(
    *, street: str = "", house_number: str = "", addition: str = "", postal_code: str = "", city: str = "", country: str = ""
) -> AddressParts:
    """Return the parts of an address given in fields. `street` may include the house number, and `house_number` the addition."""
    street, house_number, addition = _folded(street), _folded(house_number), _folded(addition)
    if not house_number:
        street, house_number, found = _street_and_number(street)
        addition = addition or found
    else:
        split = _LEADING_NUMBER.match(house_number)
        if split is not None:
            house_number, addition = split["number"], addition or split["addition"].strip()
    code, city = re.sub(r"\s", "", postal_code).upper()[:12], _folded(city)
    number = f"{house_number}{' ' if len(addition) > 1 else ''}{addition}"
    typed = _folded(", ".join(filter(None, (f"{street} {number}".strip(), f"{code} {city}".strip()))))
    return AddressParts(typed, street, house_number, addition[:40], code, city, country_code(country))


def country_code(text: str) -> str:
    """Return the two-letter code of a country. Return "NL" for an empty text, and "ZZ" for an unknown country."""
    words = _folded(text).casefold()
    if not words:
        return "NL"
    return _COUNTRIES.get(words) or (words.upper() if len(words) == 2 and words.isascii() and words.isalpha() else "ZZ")


def _ends_a_street(typed: str, code: re.Match[str]) -> bool:
    """Return whether `code` is a postal code behind a street: then the text ends there, or a word follows.

    In "Plein 1944 nr 5", "1944 nr" is no postal code, as a digit follows.
    """
    rest = typed[code.end() :].strip(" ,")
    return not rest or rest[0].isalpha()


def _without_postal_code(typed: str) -> AddressParts:
    first, _comma, rest = typed.partition(",")
    street, number, addition = _street_and_number(first.strip())
    city, country = _city_and_country(rest.strip(" ,"))
    return AddressParts(typed, street, number, addition, "", city, country)


def _canadian(typed: str, before: str, code: str) -> AddressParts:
    """Return the parts of a Canadian address such as "1234 rue Saint-Denis, app. 5, Montréal QC H2X 3K8".

    If `before`, the text before the postal code, has no comma, the town stays in the street.
    """
    parts = [part.strip() for part in _PROVINCE.sub("", before.rstrip(" ,")).split(",") if part.strip()]
    if len(parts) > 2 and parts[-1].casefold() in _PROVINCES:
        parts.pop()
    first, *rest = parts or [""]
    city, unit = rest.pop() if rest else "", " ".join(rest)
    found = _NUMBER_FIRST.match(first)
    if found is None:
        street, number, addition = _street_and_number(first)
    else:
        street, number, addition = found["street"], found["number"], found["letter"] or found["unit"] or ""
    return AddressParts(typed, street, number, " ".join(filter(None, (addition, unit)))[:40], code, city, "CA")


def _street_and_number(text: str) -> tuple[str, str, str]:
    """Return street, number and addition. The number is the first one that only an addition follows.

    A number that looks like a year is chosen only if there is no other, because streets are named after years. Without a
    number, all of `text` is the street.
    """
    found = [number for number in _NUMBER.finditer(text) if _LETTER.search(text[: number.start()])]
    found = [number for number in found if _is_addition(text[number.end() :])]
    if not found:
        return text, "", ""
    number = next((one for one in found if not _YEAR.fullmatch(one[0])), found[-1])
    return _NUMBER_WORD.sub("", text[: number.start()]).strip(" ,"), number[0], text[number.end() :].strip(" -/")


def _is_addition(rest: str) -> bool:
    return len(rest) <= MOST_ADDITION and _ADDITION.fullmatch(rest) is not None


def _city_and_country(text: str) -> tuple[str, str]:
    city, comma, country = text.rpartition(",")
    if comma and _folded(country).casefold() in _COUNTRIES:
        return city.strip(" ,"), country_code(country)
    return text, "NL"


def _folded(text: str) -> str:
    return " ".join(text.split())[:MOST_CHARACTERS]

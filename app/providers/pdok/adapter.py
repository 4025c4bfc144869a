"""Look up Dutch addresses in PDOK's Locatieserver by structured filters, and check every answer against its question.

A postcode as free text finds addresses far away with a good score. So the number and the postcode (or street and town) are
filters, and an address that does not match them is ignored. The service is free and without guarantee: anything but a good
answer raises `UnableToAsk`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from app.contract.address_register import Match, Question, UnableToAsk, folded
from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint

ROWS = 100
MOST_PAGES = 5
SUGGESTED, ASKED_FOR = 8, 20
TIMEOUT_SECONDS = 3
_FIELDS = (
    "type,straatnaam,huisnummer,huisletter,huisnummertoevoeging,postcode,woonplaatsnaam,provincienaam,nummeraanduiding_id,"
    "centroide_ll"
)
_POINT = re.compile(r"POINT\(([-\d.]+) ([-\d.]+)\)")
_SPECIAL = re.compile(r'([\\"])')


class Pdok:
    """The adapter of PDOK's register of addresses, thread-safe. `base_url` ends in the version, without a slash."""

    name = "PDOK"

    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http = http
        self._base_url = base_url

    def find(self, question: Question) -> tuple[Match, ...]:
        """Return all addresses with this house number and this postcode, or street and town. Raises UnableToAsk."""
        docs: list[Any] = []
        for page in range(MOST_PAGES):
            total, found = self._page(question, start=page * ROWS)
            docs += found
            if len(docs) >= total:
                break
            if not found:
                raise UnableToAsk("the register counts more than it shows")
        matches = [match for match in (_match(doc) for doc in docs) if match is not None]
        fitting = tuple(match for match in matches if _fits(question, match))
        if docs and not fitting:
            raise UnableToAsk("the register answered another question")
        return fitting

    def suggest(self, words: str) -> tuple[str, ...]:
        """Return at most SUGGESTED addresses, on one line each, in which each of the words occurs. Raises `UnableToAsk`.

        The others are left out, because a postcode as free text also finds addresses far away.
        """
        wanted = folded(words).split()
        pairs = [("q", " ".join(wanted)), ("fq", "type:adres"), ("rows", str(ASKED_FOR))]
        _total, docs = self._ask(urlencode(pairs), "suggest")
        lines = [str(doc.get("weergavenaam") or "") for doc in docs if isinstance(doc, dict)]
        fitting = [line for line in lines if all(word in folded(line).replace(" ", "") for word in wanted)]
        return tuple(dict.fromkeys(fitting))[:SUGGESTED]

    def check(self) -> None:
        """Ask for any address, to see that the register answers. Raises UnableToAsk."""
        total, _found = self._ask(urlencode([("q", "*"), ("fq", "type:adres"), ("fl", _FIELDS), ("rows", "1")]))
        if not total:
            raise UnableToAsk("the register is empty")

    def _page(self, question: Question, *, start: int) -> tuple[int, list[Any]]:
        return self._ask(_query(question, start))

    def _ask(self, query: str, path: str = "free") -> tuple[int, list[Any]]:
        try:
            answer = self._http.request(
                "GET",
                f"{self._base_url}/{path}?{query}",
                called=Endpoint("pdok", f"GET {path}"),
                headers={"Accept": "application/json"},
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
                deadline=2 * TIMEOUT_SECONDS,
            )
        except HttpFailure as failure:
            raise UnableToAsk(f"the register could not be reached: {failure.kind}") from failure
        if answer.status != 200:
            raise UnableToAsk(f"the register answered {answer.status}", retry_after_seconds=_retry_after(answer))
        return _read(answer)


def _query(question: Question, start: int) -> str:
    filters = ["type:adres", f"huisnummer:{question.house_number}"]
    if question.postal_code:
        filters.append(f"postcode:{question.postal_code}")
    else:
        filters += [f"straatnaam:{_quoted(question.street)}", f"woonplaatsnaam:{_quoted(question.city)}"]
    pairs = [("q", "*"), *(("fq", one) for one in filters), ("fl", _FIELDS), ("rows", str(ROWS)), ("start", str(start))]
    return urlencode(pairs)


def _quoted(text: str) -> str:
    """Return text quoted as one phrase of the query."""
    return '"' + _SPECIAL.sub(r"\\\1", text) + '"'


def _read(answer: HttpResponse) -> tuple[int, list[Any]]:
    try:
        response = answer.json()["response"]
        total, docs = response["numFound"], response["docs"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnableToAsk("the register's answer could not be read") from error
    if type(total) is not int or not isinstance(docs, list):
        raise UnableToAsk("the register's answer could not be read")
    return total, docs


def _match(doc: Any) -> Match | None:
    """Return a document of the register as an address. Return None if it is no address, or has no BAG id or street."""
    if not isinstance(doc, dict) or doc.get("type") not in (None, "adres"):
        return None
    texts = {name: str(doc.get(name) or "").strip() for name in _FIELDS.split(",")}
    latitude, longitude = _place(texts["centroide_ll"])
    if not re.fullmatch(r"[0-9]{16}", texts["nummeraanduiding_id"]) or not texts["straatnaam"]:
        return None
    return Match(
        bag_id=texts["nummeraanduiding_id"],
        street=texts["straatnaam"],
        house_number=texts["huisnummer"],
        letter=texts["huisletter"],
        addition=texts["huisnummertoevoeging"],
        postal_code=texts["postcode"],
        city=texts["woonplaatsnaam"],
        province=texts["provincienaam"],
        latitude=latitude,
        longitude=longitude,
    )


def _place(point: str) -> tuple[float | None, float | None]:
    """Return (latitude, longitude) from a text "POINT(longitude latitude)".

    Return (None, None) if the text is invalid or the point is outside the Netherlands.
    """
    found = _POINT.fullmatch(point)
    try:
        longitude, latitude = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    except ValueError:
        return None, None
    inside = 3.2 <= longitude <= 7.3 and 50.7 <= latitude <= 53.7
    return (latitude, longitude) if inside else (None, None)


def _fits(question: Question, match: Match) -> bool:
    if match.house_number != question.house_number:
        return False
    if question.postal_code:
        return match.postal_code == question.postal_code
    return folded(match.street) == folded(question.street) and folded(match.city) == folded(question.city)


def _retry_after(answer: HttpResponse) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 6 else None

"""Simulate PDOK's Locatieserver: a small register of made-up addresses under `/free`, `/suggest` and `/lookup`.

It refuses what the real service refuses (an unknown parameter, a missing `q` where one is needed) and filters by repeated
`fq`. As with the real service, a postcode in the free text `q` alone finds a distant address with a good score. It has the
common controls (app/sandbox/simulators/common.py); a fault makes it slow, broken or answer with HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, install_controls

Json = dict[str, Any]
_LISTED = ("id", "type", "weergavenaam", "score")
_KNOWN = {"q", "fq", "fl", "rows", "start", "df", "bq", "lat", "lon", "sort"}
_FILTER = re.compile(r'(\w+):(?:"((?:[^"\\]|\\.)*)"|(\S+))')


def _of_number(
    street: str, number: int, behind: Iterable[tuple[str, str]], postcode: str, town: str, province: str, point: str
) -> list[Json]:
    """Return one entry of the register for each (letter, addition) in `behind`, all with the same house number."""
    return [_entry(street, number, letter, addition, postcode, town, province, point) for letter, addition in behind]


def _entry(street: str, number: int, letter: str, addition: str, postcode: str, town: str, province: str, point: str) -> Json:
    shown = f"{street} {number}{letter}{'-' if addition else ''}{addition}, {postcode} {town}"
    key = abs(hash_of(shown))
    entry: Json = {"id": f"adr-{key:032x}", "type": "adres", "weergavenaam": shown, "straatnaam": street, "huisnummer": number}
    entry |= {"postcode": postcode, "woonplaatsnaam": town, "provincienaam": province, "score": 9.5, "bron": "BAG"}
    entry |= {"nummeraanduiding_id": f"{key % 10**14:016}"}
    entry |= {name: value for name, value in (("huisletter", letter), ("huisnummertoevoeging", addition)) if value}
    return entry | ({"centroide_ll": point} if point else {})


def hash_of(text: str) -> int:
    """Return a hash of the text that is the same in every process."""
    value = 7
    for character in text:
        value = (value * 131 + ord(character)) % 2**61
    return value


_BARE = (("", ""),)
_PARK = ("9717GD", "Groningen", "Groningen", "POINT(6.56 53.23)")
_CORNER = ("5611AA", "Eindhoven", "Noord-Brabant")
_CHURCH = ("1234AB", "Amsterdam", "Noord-Holland", "POINT(4.89 52.37)")
REGISTER: tuple[Json, ...] = (
    *_of_number("Kerkstraat", 12, (("", ""), ("A", ""), ("A", "2"), ("", "bis")), *_CHURCH),
    *_of_number("Kerkstraat", 123, _BARE, *_CHURCH),
    *_of_number("Kerkstraat", 12, _BARE, "8911XY", "Leeuwarden", "Fryslân", "POINT(5.79 53.2)"),
    *_of_number("Molenweg", 7, (("A", ""), ("B", "")), "3511CD", "Utrecht", "Utrecht", "POINT(5.12 52.09)"),
    *_of_number("Dorpsstraat", 12, _BARE, "2011KL", "Haarlem", "Noord-Holland", "POINT(4.63 52.38)"),
    *_of_number("Stationslaan", 4, (("", ""), ("", "bis")), "3811EF", "Amersfoort", "Utrecht", "POINT(5.38 52.15)"),
    *_of_number("Hoek Noord", 5, _BARE, *_CORNER, "POINT(5.47 51.44)"),
    *_of_number("Hoek Zuid", 5, _BARE, *_CORNER, "POINT(5.48 51.44)"),
    *_of_number("Schoolstraat", 1, _BARE, "2312GH", "Leiden", "Zuid-Holland", ""),
    *_of_number("'s-Gravelandseweg", 3, _BARE, "1211BR", "Hilversum", "Noord-Holland", "POINT(5.17 52.22)"),
    # Where the technician of the demo goes.
    *_of_number("Utrechtseweg", 118, _BARE, "3818EV", "Amersfoort", "Utrecht", "POINT(5.366 52.152)"),
    *_of_number("Hoofdstraat", 7, _BARE, "3831AA", "Leusden", "Utrecht", "POINT(5.43 52.13)"),
    *_of_number("Oosterpark", 12, _BARE, "1092AE", "Amsterdam", "Noord-Holland", "POINT(4.922 52.361)"),
    *_of_number("Kerkpad", 3, _BARE, "3995AB", "Houten", "Utrecht", "POINT(5.17 52.03)"),
    *_of_number("Dorpsstraat", 40, _BARE, "3761BN", "Soest", "Utrecht", "POINT(5.29 52.17)"),
    *_of_number("Stationsweg", 9, _BARE, "3743EM", "Baarn", "Utrecht", "POINT(5.28 52.21)"),
    *(one for number in range(20, 44, 2) for one in _of_number("Parkweg", number, _BARE, *_PARK)),
)


def simulate(_memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    """Return the application and the function that stops it. Nothing is stored over a restart."""
    return create_pdok_app(), lambda: None


def create_pdok_app() -> Flask:
    """Build the simulator of PDOK; its register never changes."""
    app = Flask("simulated_pdok")
    app.register_blueprint(_api())
    install_controls(app, reset=lambda: None, emit=_emit, configure=lambda _new: {"addresses": len(REGISTER)})
    return app


def _emit(_order: Json) -> Json:
    raise BadOrder("this service calls nobody")


def _api() -> Blueprint:
    routes = Blueprint("pdok_api", __name__)

    @routes.get("/free")
    def free() -> Response | tuple[Response, int]:
        problem = _problem(_KNOWN, needs_q=False)
        return (jsonify(error=problem), 400) if problem else _answer(_found())

    @routes.get("/suggest")
    def suggest() -> Response | tuple[Response, int]:
        problem = _problem(_KNOWN, needs_q=True)
        if problem:
            return jsonify(error=problem), 400
        return _answer([{name: one[name] for name in _LISTED} for one in _found()], highlighting={})

    @routes.get("/lookup")
    def lookup() -> Response | tuple[Response, int]:
        problem = _problem({"id", "fl"}, needs_q=False)
        if problem:
            return jsonify(error=problem), 400
        return _answer([one for one in REGISTER if one["id"] == request.args.get("id")])

    return routes


def _problem(known: set[str], *, needs_q: bool) -> str:
    unknown = set(request.args) - known
    if unknown:
        return f"unknown parameter: {sorted(unknown)[0]}"
    if needs_q and not request.args.get("q"):
        return "q is missing"
    rows = request.args.get("rows", "10")
    return "" if rows.isdecimal() and int(rows) <= 100 else "rows must be at most 100"


def _found() -> list[Json]:
    filters = [_FILTER.fullmatch(text) for text in request.args.getlist("fq")]
    wanted = {one[1]: (one[2] if one[2] is not None else one[3]) for one in filters if one}
    found = [one for one in REGISTER if all(_is(one, name, value) for name, value in wanted.items())]
    words = request.args.get("q", "*")
    if words in ("*", "*:*") or "postcode" in wanted:
        return found
    # A postcode in free text is one word among others, and any number will do.
    near = [one for one in found if any(word.casefold() in one["weergavenaam"].casefold() for word in words.split())]
    return near or found[-1:]


def _is(entry: Json, name: str, value: str) -> bool:
    return name == "type" or str(entry.get(name, "")).casefold() == re.sub(r"\\(.)", r"\1", value).casefold()


def _answer(found: list[Json], **more: Any) -> Response:
    start, rows = int(request.args.get("start", "0")), int(request.args.get("rows", "10"))
    docs = found[start : start + rows]
    fields = request.args.get("fl", "*")
    if fields != "*":
        docs = [{name: value for name, value in doc.items() if name in fields.split(",")} for doc in docs]
    response = {"numFound": len(found), "start": start, "maxScore": 9.5, "numFoundExact": True, "docs": docs}
    return jsonify(response=response, **more)

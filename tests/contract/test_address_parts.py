"""What people write as an address, and the parts that are read from it."""

from __future__ import annotations

import pytest

from app.contract.address_parts import read_fields, read_line
from tests.support.cost import cost_seconds


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("Kerkstraat 123, 1234AB Amsterdam", ("Kerkstraat", "123", "", "1234AB", "Amsterdam", "NL")),
        ("Kerkstraat 12a 1234 ab Amsterdam", ("Kerkstraat", "12", "a", "1234AB", "Amsterdam", "NL")),
        ("Kerkstraat 12-2hoog, 1234AB  Amsterdam, Nederland", ("Kerkstraat", "12", "2hoog", "1234AB", "Amsterdam", "NL")),
        ("Kerkstraat 12 A2,1234AB Amsterdam", ("Kerkstraat", "12", "A2", "1234AB", "Amsterdam", "NL")),
        ("Plein 1944 nr 5 bis, 6511 JD Nijmegen", ("Plein 1944", "5", "bis", "6511JD", "Nijmegen", "NL")),
        ("Order 2024 AB Kerkstraat 1, 1234AB Amsterdam", ("Order 2024 AB Kerkstraat", "1", "", "1234AB", "Amsterdam", "NL")),
        ("Plein 1940 12 bis, 3011AA Rotterdam", ("Plein 1940", "12", "bis", "3011AA", "Rotterdam", "NL")),
        ("2e Jan Steenstraat 5, 1072AB Amsterdam", ("2e Jan Steenstraat", "5", "", "1072AB", "Amsterdam", "NL")),
        ("Rue Neuve 3, Bruxelles, Belgium", ("Rue Neuve", "3", "", "", "Bruxelles", "BE")),
        ("1234 rue Saint-Denis, Montréal QC H2X 3K8", ("rue Saint-Denis", "1234", "", "H2X3K8", "Montréal", "CA")),
        ("5-1234 rue Sherbrooke, Québec (Québec) g1r4p5, Canada", ("rue Sherbrooke", "1234", "5", "G1R4P5", "Québec", "CA")),
        ("12A 5e Avenue, app. 3, Laval, Québec H7N 1A1", ("5e Avenue", "12", "A app. 3", "H7N1A1", "Laval", "CA")),
        ("99 Main St, Ottawa, ON, K1A 0B1", ("Main St", "99", "", "K1A0B1", "Ottawa", "CA")),
        ("Québec QC G1R 4P5", ("Québec", "", "", "G1R4P5", "", "CA")),
        ("achter de kerk", ("achter de kerk", "", "", "", "", "NL")),
        ("", ("", "", "", "", "", "NL")),
    ],
)
def test_one_line_is_read(typed: str, parts: tuple[str, ...]) -> None:
    found = read_line(typed)
    named = (found.street, found.house_number, found.house_number_addition, found.postal_code, found.city, found.country)
    assert named == parts
    assert found.typed == " ".join(typed.split())


@pytest.mark.parametrize(
    ("fields", "number", "addition", "typed"),
    [
        (
            {"street": "Hoofdstraat 123", "postal_code": "1012 ab", "city": "Amsterdam"},
            "123",
            "",
            "Hoofdstraat 123, 1012AB Amsterdam",
        ),
        ({"street": "Hof", "house_number": "12 bis"}, "12", "bis", "Hof 12 bis"),
        ({"street": "Hof", "house_number": "12", "addition": "A"}, "12", "A", "Hof 12A"),
        ({"house_number": "x"}, "x", "", "x"),
    ],
)
def test_fields_are_read(fields: dict[str, str], number: str, addition: str, typed: str) -> None:
    found = read_fields(**fields)
    assert (found.house_number, found.house_number_addition, found.typed) == (number, addition, typed)


def test_no_text_takes_long() -> None:
    for text in ("a 1 " * 5000, "1" * 9000, " ,-" * 9000, "a1-" * 5000 + "!", "1 (" * 9000 + " H2X 3K8"):
        assert cost_seconds(lambda text=text: (read_line(text), read_fields(street=text, house_number=text))) < 0.3, text[:9]

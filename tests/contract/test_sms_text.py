"""How many parts a text takes, the same on the server and while one types; and what making it plainer changes."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from app.contract.sms_text import BASIC, EXTENSION, count_sms, simplify
from app.sandbox.simulators.twilio.texts import segments

SCRIPT = Path(__file__).parents[2] / "static/js/lib/sms.js"

COUNTS = [
    ("", 0, 0, "GSM-7", 160),
    ("a", 1, 1, "GSM-7", 159),
    ("a" * 160, 160, 1, "GSM-7", 0),
    ("a" * 161, 161, 2, "GSM-7", 145),
    ("a" * 306, 306, 2, "GSM-7", 0),
    ("a" * 307, 307, 3, "GSM-7", 152),
    ("€" * 80, 160, 1, "GSM-7", 0),
    ("€" * 81, 162, 2, "GSM-7", 143),
    ("^{}[]~|\\€", 18, 1, "GSM-7", 142),
    ("a" * 152 + "€" + "a" * 10, 164, 2, "GSM-7", 141),  # € is not cut in two: it begins the next part
    ("éèöüäà ñ Ç", 10, 1, "GSM-7", 150),
    ("ë" * 70, 70, 1, "UCS-2", 0),
    ("ë" * 71, 71, 2, "UCS-2", 63),
    ("ë" * 134, 134, 2, "UCS-2", 0),
    ("ë" * 135, 135, 3, "UCS-2", 66),
    ("😀" * 35, 70, 1, "UCS-2", 0),
    ("😀" * 36, 72, 2, "UCS-2", 61),
    ("a" * 69 + "😀", 71, 2, "UCS-2", 63),
    ("geïnstalleerd", 13, 1, "UCS-2", 57),
    ("regel\r\nregel", 11, 1, "GSM-7", 149),
    ("\u00a0", 1, 1, "UCS-2", 69),
]


@pytest.mark.parametrize(("text", "units", "parts", "encoding", "left"), COUNTS)
def test_a_text_is_counted_as_it_travels(text: str, units: int, parts: int, encoding: str, left: int) -> None:
    counted = count_sms(text)
    assert (counted.units, counted.parts, counted.encoding, counted.left) == (units, parts, encoding, left)


@pytest.mark.parametrize("character", "ëïêçáóúíÊË’‘“”…–—\u00a0ıĳ")
def test_one_character_outside_the_alphabet_changes_the_whole_text(character: str) -> None:
    counted = count_sms("a" * 70 + character)
    assert (counted.encoding, counted.parts, counted.misfits) == ("UCS-2", 2, (character,))


def test_the_alphabet_has_its_size() -> None:
    """127 characters (and the escape, which is none), ten more behind it, and none of them in both."""
    assert (len(BASIC), len(EXTENSION), BASIC & EXTENSION) == (127, 10, set())


def corpus() -> list[str]:
    dice = random.Random(11)
    letters = [*sorted(BASIC), *sorted(EXTENSION), *"ëïç’…–\u00a0", "😀", "👩‍🔧", "日本", "e\u0301", "\r\n"]
    long = ["".join(dice.choices(letters[:137], k=n)) for n in (159, 160, 161, 305, 306, 307, 459, 460, 1599)]
    mixed = ["".join(dice.choices(letters, k=dice.randrange(0, 400))) for _ in range(300)]
    return [*[row[0] for row in COUNTS], *long, *mixed, *letters]


def test_the_browser_counts_as_the_server_does(browser: Browser) -> None:
    texts = corpus()
    page = browser.new_page()
    script = SCRIPT.read_text().replace("export function", "function")
    theirs: list[dict[str, Any]] = page.evaluate(f"(texts) => {{ {script}; return texts.map(countSms); }}", texts)
    page.close()
    ours = [{**asdict(count_sms(text)), "misfits": list(count_sms(text).misfits)} for text in texts]
    assert theirs == ours


def test_the_simulated_network_charges_for_the_parts_we_show() -> None:
    texts = [text.replace("\r\n", "\n") for text in corpus() if text]
    assert [count_sms(text).parts for text in texts] == [segments(text) for text in texts]


@pytest.mark.parametrize(("text", "plain"), [
    ("“Ja” – tot zo…", '"Ja" - tot zo...'),
    ("‘t is\u00a0goed — echt", "'t is goed - echt"),
    ("één é à ñ €", "één é à ñ €"),
    ("geïnstalleerd ç œ", "geïnstalleerd ç œ"),
    ("e\u0301e\u0301n", "één"),
    ("a\u200bb\u00adc", "abc"),
    ("😀", "😀"),
    ("", ""),
])  # fmt: skip
def test_typographic_characters_become_plain_ones_and_accents_stay(text: str, plain: str) -> None:
    assert simplify(text).text == plain


@pytest.mark.parametrize(("text", "plain"), [
    ("geïnstalleerd in België, ça va", "geinstalleerd in Belgie, ca va"),
    ("één crème brûlée à la maison", "één crème brulée à la maison"),
    ("cœur Łódź ĳs", "coeur Lodz ijs"),
    ("日本 😀", "日本 😀"),
])  # fmt: skip
def test_on_wish_the_letters_the_alphabet_lacks_lose_their_accents(text: str, plain: str) -> None:
    assert simplify(text, accents=True).text == plain


def test_what_was_replaced_is_told_in_order_with_how_often() -> None:
    assert simplify("“a” … ”b” ë", accents=True).changes == (("“", '"', 1), ("”", '"', 3), ("…", "...", 1), ("ë", "e", 1))


def test_simplifying_twice_changes_nothing_more() -> None:
    for text in corpus():
        once = simplify(text, accents=True).text
        assert simplify(once, accents=True).text == once

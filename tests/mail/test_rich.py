"""What the composer's formatting becomes: a few tags, no tricks, and the same words as plain text."""

from __future__ import annotations

import re
import uuid

import pytest

from app.core.ids import content_id_of
from app.mail.html import sanitise
from app.mail.rich import clean_rich, rich_to_text, text_to_rich, with_signature
from tests.mail.xss_vectors import VECTORS

PICTURE = uuid.UUID("0198a000-0000-7000-8000-000000000001")
SHOWN = f'<img src="cid:{PICTURE}@inline" alt="foto.png">'
ALLOWED = re.compile(
    r'<(?:/?(?:p|strong|em|ul|ol|li|blockquote|a|code|pre)|br|a href="(?:https?:|mailto:|tel:)[^"<>]*"|'
    r'img(?: (?:src="cid:[0-9a-f-]{36}@inline"|alt="[^"<>]*"))+)>'
)


@pytest.mark.parametrize("vector", VECTORS)
def test_of_an_attack_nothing_but_the_few_tags_is_left(vector: str) -> None:
    kept = clean_rich(f"<p><strong>Dag</strong></p>{vector}")
    assert "<" not in ALLOWED.sub("", kept)
    assert clean_rich(kept) == kept


def test_formatting_survives_and_reads_as_text() -> None:
    written = (
        '<div style="color:red" onclick="x()">Dag <b>Jane</b>,</div><ul><li>een</li><li><i>twee</i></li></ul>'
        '<blockquote><p>zei u</p></blockquote><p>Zie <a href="https://www.chargecars.example/hulp" target="_top">hulp</a>.</p>'
    )
    kept = clean_rich(written)
    assert kept == (
        "<p>Dag <strong>Jane</strong>,</p><ul><li>een</li><li><em>twee</em></li></ul>"
        '<blockquote><p>zei u</p></blockquote><p>Zie <a href="https://www.chargecars.example/hulp">hulp</a>.</p>'
    )
    assert rich_to_text(kept) == "Dag Jane,\n\n- een\n- twee\n\n> zei u\n\nZie hulp <https://www.chargecars.example/hulp>."
    assert sanitise(kept).html.count("<strong>") == 1


@pytest.mark.parametrize(
    "empty", ["", "  ", "<p><br></p>", "<p>zonder opmaak</p>", "<b> </b>", "<script>x</script>", "<p>x" * 200_000]
)
def test_what_has_no_formatting_stays_plain(empty: str) -> None:
    assert clean_rich(empty) == ""


def test_only_pictures_of_the_message_itself_are_shown() -> None:
    other, remote = SHOWN.replace("0001@", "0002@"), '<img src="https://evil.example/x.png"><img src="data:image/png;base64,AA">'
    assert clean_rich(f"<p>{SHOWN}{other}{remote}</p>", pictures=[PICTURE]) == f"<p>{SHOWN}</p>"
    assert clean_rich(f"<p>{SHOWN}</p>") == ""
    assert sanitise(SHOWN).cid_refs == (content_id_of(PICTURE),)


def test_plain_text_stands_beside_formatted_and_the_signature_below() -> None:
    both = "<p><strong>Boven</strong></p>" + text_to_rich("a < b\nonder\n\nslot")
    assert both == "<p><strong>Boven</strong></p><p>a &lt; b<br>onder</p><p>slot</p>"
    assert rich_to_text(both) == "Boven\n\na < b\nonder\n\nslot"
    assert with_signature(both, "Groet,\nAn").endswith("<p>-- <br>\nGroet,<br>\nAn</p>")
    assert with_signature(both, "") == both

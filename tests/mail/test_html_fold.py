"""Quotes in HTML fold behind a control that works without scripts; the sender's own words stay open."""

from __future__ import annotations

import re

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.html import html_to_text, render_frame, sanitise
from app.mail.html_fold import fold_quotes
from tests.mail.corpus_chains import Chain, chains
from tests.mail.parsing import read
from tests.mail.xss_vectors import VECTORS
from tests.support.full import amount

FOLD = re.compile(r"<details>.*?</details>", re.S)
HEADER = '<div id="divRplyFwdMsg"><b>Van:</b> Sanne<br><b>Verzonden:</b> vrijdag</div><div>Schikt dinsdag?</div>'
WORD = (
    '<div class=WordSection1><p class=MsoNormal>{own}</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt">'
    "<p class=MsoNormal><b>Van:</b> Sanne</p></div></div><p>Schikt dinsdag?</p></div>"
)
PIECES = [
    "<p>tekst</p>",
    '<div class="gmail_attr">On 21 Nov wrote:</div>',
    '<blockquote class="gmail_quote">oud</blockquote>',
    "<blockquote type=cite>oud<blockquote type=cite>ouder",
    HEADER,
    WORD.format(own="x"),
    "<table><tr><td>",
    "</table>",
    "</div>",
    "<br>",
]


def folded(source: str) -> str:
    return fold_quotes(sanitise(source).html, label="Meer")


def open_text(source: str) -> str:
    return html_to_text(FOLD.sub("", folded(source)))


@pytest.mark.parametrize("chain", [chain for chain in chains() if read(chain.mails[1]).html], ids=lambda chain: chain.name)
def test_in_each_programs_html_just_what_was_typed_stays_open(chain: Chain) -> None:
    for raw, typed in zip(chain.mails, chain.typed, strict=True):
        assert open_text(read(raw).html).replace("\n\n\n", "\n\n").strip() == typed


def test_what_words_editor_quotes_is_folded() -> None:
    assert open_text(WORD.format(own="Prima.")) == "Prima."
    assert "Schikt dinsdag?" in folded(WORD.format(own="Prima."))


def test_answers_between_quotes_stay_open() -> None:
    source = (
        '<div>Zie:</div><div class="gmail_quote"><div class="gmail_attr">Op 21 nov schreef Sanne:</div>'
        '<blockquote class="gmail_quote">Schikt dinsdag?</blockquote><div>Ja.</div>'
        '<blockquote class="gmail_quote">En de kabel?</blockquote><div>Vijf meter.</div></div>'
    )
    assert open_text(source) == "Zie:\nJa.\nVijf meter."
    assert folded(source).count("<details>") == 2


@pytest.mark.parametrize("hint", ["Zie mijn antwoorden hieronder", "FYI", "Antwoorden in rood"])
def test_a_trailing_quote_stays_open_when_the_sender_points_to_it(hint: str) -> None:
    assert "<details>" not in folded(f"<div>{hint}</div>{HEADER}")
    assert "<details>" in folded(f"<div>Prima.</div>{HEADER}")


def test_a_forward_and_a_mail_with_nothing_but_a_quote_are_not_folded() -> None:
    assert "<details>" not in folded(HEADER)
    assert "<details>" not in folded("<blockquote type=cite>Alles</blockquote>")
    forward = '<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>Van: x</div>y</div>'
    assert "<details>" not in folded(f"<div>Pak jij dit op?</div>{forward}")


def test_the_frame_folds_with_the_label_it_is_given() -> None:
    page = render_frame(f"<div>Prima.</div>{HEADER}", cid_urls={}, show_remote=None, quote_label="Toon <citaat>")
    assert "<details><summary>Toon &lt;citaat&gt;</summary>" in page


@settings(max_examples=amount(100, full=300), deadline=None)
@given(st.lists(st.sampled_from([*PIECES, *VECTORS]), max_size=8).map("".join))
def test_folding_loses_no_word_and_leaves_whole_markup(source: str) -> None:
    clean = sanitise(source).html
    result = fold_quotes(clean, label="")
    assert words(result) == words(clean)
    assert result.count("<details>") == result.count("</details>")


def words(source: str) -> str:
    tree = html5lib.parseFragment(source, container="div", namespaceHTMLElements=False)
    return "".join("".join(tree.itertext()).split())

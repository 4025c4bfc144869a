"""Message HTML is harmless, and readable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.html import html_to_text, render_frame, sanitise, text_to_html
from app.mail.html_style import clean_style
from tests.mail.make_corpus import corpus
from tests.mail.parsing import read
from tests.mail.xss_vectors import VECTORS
from tests.support.cost import cost_seconds
from tests.support.full import amount

FORBIDDEN_TAGS = """
    script style iframe object embed applet form input button select textarea base meta link svg math video audio source template
    noscript title frame frameset body html head map area marquee details dialog picture canvas portal isindex
"""
ATTRIBUTES = """
    style dir lang align href target rel title src data-remote-src alt width height border color size face bgcolor cellpadding
    cellspacing valign colspan rowspan nowrap span start type noshade data-quote
"""
MARKUP = st.lists(
    st.one_of(
        st.sampled_from(VECTORS),
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<table><tr><td>",
                "</table>",
                "<svg>",
                "<math>",
                "<style>",
                "</style>",
                "<!--",
                "-->",
                '"',
                "'",
                ">",
                "<a href=",
            ]
        ),
        st.text(max_size=8),
    ),
    max_size=8,
).map("".join)


def elements(source: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every element another parser than the sanitiser's sees in `source`."""
    tree: Any = html5lib.parseFragment(source, container="div", namespaceHTMLElements=False)
    for element in tree.iter():
        if isinstance(element.tag, str) and element.tag != "DOCUMENT_FRAGMENT":
            yield element.tag, {str(name): value for name, value in element.attrib.items()}


def assert_harmless(source: str) -> None:
    for tag, attributes in elements(source):
        assert tag not in FORBIDDEN_TAGS.split(), tag
        assert set(attributes) <= set(ATTRIBUTES.split()), attributes
        assert not re.search(r"url|expression|import|@|\\|fixed|absolute|javascript", attributes.get("style", ""), re.I)
        assert re.match(r"(https?://|mailto:|tel:|$)", attributes.get("href", ""))
        assert re.match(r"(cid:|data:image/(png|jpeg|jpg|gif|webp);base64,|$)", attributes.get("src", ""))
        assert re.match(r"(https?://|$)", attributes.get("data-remote-src", ""))
        if tag == "a":
            assert (attributes["rel"], attributes["target"]) == ("noopener noreferrer nofollow", "_blank")


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_that_runs_loads_or_submits_is_left(vector: str) -> None:
    for source in (vector, f"<table><tr><td>{vector}", f"<p>voor {vector} na", f"<a href='https://ok.example'>{vector}</a>"):
        assert_harmless(sanitise(source).html)
        assert "<script" not in text_to_html(source)
        html_to_text(source)


@pytest.mark.parametrize("vector", VECTORS)
def test_sanitising_again_changes_nothing(vector: str) -> None:
    once = sanitise(vector)
    assert sanitise(once.html) == once


@settings(max_examples=amount(100, full=300), deadline=None)
@given(MARKUP)
def test_any_mixture_is_harmless_and_stable(source: str) -> None:
    once = sanitise(source)
    assert_harmless(once.html)
    assert sanitise(once.html) == once


@pytest.mark.parametrize("name", [name for name, raw in corpus().items() if b"text/html" in raw])
def test_the_html_of_the_corpus_is_harmless_and_stable(name: str) -> None:
    once = sanitise(read(corpus()[name]).html)
    assert_harmless(once.html)
    assert sanitise(once.html) == once


def test_simple_layout_survives() -> None:
    source = (
        '<table width="100%" bgcolor="#eee"><tr><td style="color:#c00; padding:4px" align=center><b>Hallo</b></td></tr></table>'
    )
    clean = sanitise(source).html
    for kept in ('width="100%"', 'bgcolor="#eee"', "color:#c00;padding:4px", 'align="center"', "<b>Hallo</b>"):
        assert kept in clean


def test_remote_images_wait_until_asked_for_and_trackers_are_gone() -> None:
    clean = sanitise('<img src="https://img.example/a.png?b=1&c=2" width=40><img src="https://t.example/p.gif" width=1 height=1>')
    assert clean.has_remote_images
    assert clean.html == '<img data-remote-src="https://img.example/a.png?b=1&amp;c=2" width="40">'
    hidden = render_frame(clean.html, cid_urls={}, show_remote=None)
    assert ' src="' not in hidden
    shown = render_frame(clean.html, cid_urls={}, show_remote=lambda url: f"https://inbox.example/proxy?u={len(url)}")
    assert 'src="https://inbox.example/proxy?u=33"' in shown
    assert "img.example" not in shown


def test_enclosed_images_get_our_address_and_missing_ones_none() -> None:
    clean = sanitise('<img src="cid:meterkast%40x" alt="kast"><img src="cid:weg" alt="weg">')
    assert clean.cid_refs == ("meterkast@x", "weg")
    page = render_frame(clean.html, cid_urls={"meterkast@x": "https://inbox.example/f/1?a=1&b=2"}, show_remote=None)
    assert '<img alt="kast" src="https://inbox.example/f/1?a=1&amp;b=2">' in page
    assert '<img alt="weg">' in page


def test_the_frame_brings_its_own_policy_and_cleans_what_it_is_given() -> None:
    page = render_frame(
        "<script>alert(1)</script><p>x</p>", cid_urls={}, show_remote=None, image_sources=["https://inbox.example"]
    )
    assert "<script" not in page
    policy = "default-src &#x27;none&#x27;; img-src data: https://inbox.example; style-src &#x27;unsafe-inline&#x27;"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}' in page
    assert page.index("Content-Security-Policy") < page.index("<body>")


def test_a_link_tells_its_real_host_in_ascii() -> None:
    assert 'title="https://xn--ggle-55da.example/x"' in sanitise('<a href="https://gооgle.example/x">bank</a>').html


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Een</p><p>Twee</p>", "Een\n\nTwee"),
        ("<div>Een</div><div><br></div><div>Twee</div>", "Een\n\nTwee"),
        ("<p class=MsoNormal>Een</p><p class=MsoNormal>Twee</p>", "Een\nTwee"),
        ("een<br>twee &amp; drie&nbsp;vier", "een\ntwee & drie vier"),
        ("<ul><li>a<li>b<ol><li>c</ol></ul>", "- a\n- b\n\n  1. c"),
        ("<table><tr><td>A<td>B<tr><td>C<td>D</table>", "A B\nC D"),
        (
            "<table><tr><th>Artikel<th>Aantal<th>Prijs<tr><td><b>Laadpaal</b> 11 kW<td>1<td>849,00"
            "<tr><td>Kabel<td><td>5,00<td>5,00</table>",
            "Artikel | Aantal | Prijs\nLaadpaal 11 kW | 1 | 849,00\nKabel |  | 5,00 | 5,00",
        ),
        ("<table><tr><td>Van<td width=9>&nbsp;<td>Jan</table>", "Van Jan"),
        ("<table><tr><td><p>Links</p><td><p>Midden</p><td><p>Rechts</p></table>", "Links\n\nMidden\n\nRechts"),
        ("<blockquote><table><tr><td>1<td>2<td>3</table></blockquote>", "> 1 | 2 | 3"),
        ("<blockquote>oud<blockquote>ouder</blockquote></blockquote>nieuw", "> oud\n>\n> > ouder\n\nnieuw"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("<style>p{}</style><script>x</script><title>t</title>over", "over"),
        ("voor<img src=x alt=Logo>na<img src=y>", "voor[Logo]na"),
        ("Hal\u00adlo\u200c\u200c\u200c\u200c wereld", "Hallo wereld"),
        ("", ""),
    ],
)
def test_html_becomes_readable_text(source: str, text: str) -> None:
    assert html_to_text(source) == text


def test_links_are_told_only_when_asked() -> None:
    source = '<a href="https://x.example/a">hier</a> of <a href="https://x.example">https://x.example</a>'
    assert html_to_text(source) == "hier of https://x.example"
    assert html_to_text(source, with_links=True) == "hier <https://x.example/a> of https://x.example"


def test_plain_text_is_shown_as_typed_with_links_and_without_markup() -> None:
    shown = text_to_html("Zie <b>https://x.example/a?b=1&c=2</b>.\n  Mail a@x.example")
    assert "<b>" not in shown
    assert '<a href="https://x.example/a?b=1&amp;c=2" rel="noopener noreferrer nofollow" target="_blank">' in shown
    assert 'href="mailto:a@x.example"' in shown
    assert html_to_text(shown) == "Zie <b>https://x.example/a?b=1&c=2</b>.\nMail a@x.example"


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color: red; position: fixed", "color:red"),
        ("background:#fff url(x)", ""),
        ("background: #fff", "background-color:#fff"),
        ("COLOR : RED !important", "color:RED"),
        ("margin:-9999px;margin-left:4px", "margin-left:4px"),
        ("font-family:'Segoe UI', Arial", "font-family:'Segoe UI', Arial"),
        ("color:rgb(1, 2, 3)", "color:rgb(1, 2, 3)"),
        ("width:calc(1px)", ""),
        ("color", ""),
    ],
)
def test_only_harmless_declarations_are_kept(style: str, kept: str) -> None:
    assert clean_style(style) == kept
    assert clean_style(kept) == kept


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("<div>" * 200_000 + "tekst", id="deep"),
        pytest.param("<p " + " ".join(f"a{i}=1" for i in range(100_000)) + ">tekst", id="attributes"),
        pytest.param("<div><title></div></title>" * 50_000 + "tekst", id="hidden_depth"),
        pytest.param("<b>" * 100_000 + "tekst", id="bold"),
        pytest.param('<a href="' + "x" * 9_000_000 + '">tekst', id="long"),
        pytest.param("<" * 500_000 + "tekst", id="brackets"),
        pytest.param("<!--" * 200_000 + "-->tekst", id="comments"),
        pytest.param("<blockquote>" * 1400 + "<br>" * 20_000 + "tekst", id="quotes"),
    ],
)
def test_html_made_to_cost_time_costs_little(source: str) -> None:
    assert cost_seconds(lambda: sanitise(source)) < 3
    assert cost_seconds(lambda: html_to_text(source)) < 3
    once = sanitise(source)
    assert sanitise(once.html) == once
    assert_harmless(once.html[:50_000])

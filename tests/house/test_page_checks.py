"""The page client notices what it promises to notice."""

from __future__ import annotations

import pytest
from html5lib.html5parser import ParseError

from tests.support.pages import BadPage, Element, check_html, thorough_tree
from tests.support.quick_html import Unusual, quick_tree

GOOD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Inbox · Switchyard</title></head>
<body><h1>Inbox</h1>%s</body></html>"""
AS_TEMPLATES_WRITE = """<main id=a class='b "c"' hidden><!-- a - b --><p>1 &lt; 2&nbsp;&#39;x&#39; é</p><br/>
<textarea name="n" aria-label="x">
 a &amp; b <b></textarea><select aria-label=y><option selected>1<option value="2">2</select>
<svg viewBox="0 0 1 1"><use href="/i.svg#x"/></svg><table><tbody><tr><td>a</td></tr></tbody></table>
<script nonce="n">if (a < b) "</b>";</script></main>"""
GOOD_FORM = '<form action="/reply" method="post"><input type="hidden" name="csrf_token" value="t"><button>Send</button></form>'


@pytest.mark.parametrize(
    "body",
    [
        GOOD_FORM,
        '<label for="q">Search</label><input id="q" name="q"><label>Note <textarea name="n"></textarea></label>',
        '<input aria-label="Search" name="q"><a href="/"><img src="/logo.svg" alt="Home"></a>',
        '<script src="/static/app.js" defer></script><script type="application/json">{}</script><script nonce="abc">1</script>',
    ],
)
def test_a_good_page_passes(body: str) -> None:
    check_html(GOOD % body)


@pytest.mark.parametrize(
    "body, complaint",
    [
        ("<p>open <b>never closed</p>", "not valid HTML"),
        ("<h1>Second</h1>", "a page has one h1"),
        ('<p id="a"></p><p id="a"></p>', "ids that are not unique"),
        ('<label for="nobody">x</label>', "leads nowhere"),
        ('<input name="q">', "has no label"),
        ('<select name="s"></select>', "has no label"),
        ("<button><svg></svg></button>", "has no name"),
        ('<a href="/x"></a>', "has no name"),
        ('<img src="/x.png">', "has no alt"),
        ('<form method="post"><input type="hidden" name="csrf_token" value="t"></form>', "has no action"),
        ('<form action="/x" method="post"></form>', "has no token"),
        ('<form action="/x" method="post"><input type="hidden" name="csrf_token" value=""></form>', "has no token"),
        ("<script>alert(1)</script>", "inline <script>"),
        ('<p onclick="x()">x</p>', "has inline"),
        ('<p style="color:red">x</p>', "has inline style"),
        ('<a href="javascript:x()">x</a>', "javascript: address"),
    ],
)
def test_a_bad_page_is_named(body: str, complaint: str) -> None:
    with pytest.raises(BadPage, match=complaint):
        check_html(GOOD % body)


def test_the_title_starts_with_the_heading() -> None:
    with pytest.raises(BadPage, match="does not start with the heading"):
        check_html((GOOD % "").replace("<title>Inbox", "<title>Something else"))


def test_a_fragment_is_checked_without_needing_a_heading() -> None:
    check_html(f'<section id="thread-list">{GOOD_FORM}</section>')
    check_html('<tr id="row"><td>1</td></tr>')
    with pytest.raises(BadPage, match="has no label"):
        check_html('<section id="composer"><textarea name="n"></textarea></section>')


def told(tree: Element) -> list[tuple[object, ...]]:
    return [(one.tag, one.text or "", one.tail or "", dict(one.attrib)) for one in tree.iter()]


@pytest.mark.parametrize(
    "text, container", [(GOOD % AS_TEMPLATES_WRITE, None), (AS_TEMPLATES_WRITE, "div"), ("<tr><td>1</td></tr>", "tbody")]
)
def test_what_is_read_quickly_is_what_html5lib_reads(text: str, container: str | None) -> None:
    assert told(quick_tree(text, container)) == told(thorough_tree(text, container))


@pytest.mark.parametrize(
    "odd",
    [
        '<p id="a" id="b"></p>',
        '<p id="a"class="b"></p>',
        '<p id="a></p>',
        "<p id='a>' b'></p>",
        '<p title=a"b></p>',
        '<p title="a" ="b"></p>',
        '<p></p id="a">',
        "<br></br/>",
        "<p>a < b</p>",
        "<p>&nothing;</p>",
        "<p>&amp</p>",
        "<p>&#128;</p>",
        "<p>&#x110000;</p>",
        "<p>\x00</p>",
        "<p>\ufdd0</p>",
        "<!-->",
        "<!--->",
        "<!-- a",
        "<! a>",
        "<?php ?>",
        "</>",
        "<p",
        "<p>a</p><",
        "<script nonce='n'>a",
        "<textarea aria-label='a'>&nothing;</textarea>",
        "<div/>",
    ],
)
def test_a_mistake_of_spelling_is_never_read_quickly(odd: str) -> None:
    with pytest.raises((Unusual, ParseError)):
        quick_tree(odd, "div")
    with pytest.raises(BadPage, match="not valid HTML"):
        check_html(odd)

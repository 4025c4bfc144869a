"""The page client notices what it promises to notice."""

from __future__ import annotations

import pytest

from tests.support.pages import BadPage, check_html

GOOD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Inbox · Switchyard</title></head>
<body><h1>Inbox</h1>%s</body></html>"""
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

"""Every template keeps to what the content security policy allows, whether or not a test renders it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if "emails" not in path.parts]
INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: address": re.compile(r"""(href|src|action)\s*=\s*["']?javascript:""", re.IGNORECASE),
    "a style element without a nonce": re.compile(r"<style(?![^>]*nonce)", re.IGNORECASE),
    "a script without a file or a nonce": re.compile(r"<script(?![^>]*(\ssrc=|\snonce=|application/json))", re.IGNORECASE),
    "a file from another host": re.compile(r"<(script|link|img|iframe)[^>]*(src|href)\s*=\s*[\"']?(https?:)?//", re.IGNORECASE),
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_has_nothing_inline_and_nothing_foreign(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert [what for what, pattern in INLINE.items() if pattern.search(text)] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_form_that_changes_something_carries_a_token(path: Path) -> None:
    text = path.read_text()
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL | re.IGNORECASE):
        if re.search(r"""method\s*=\s*["']?post""", form, re.IGNORECASE):
            assert re.search(r"csrf|hidden_tag|token_field", form), f"{form[:120]} has no token"


def test_there_are_templates() -> None:
    assert PAGES

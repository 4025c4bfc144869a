"""What the inbox shows is dressed by the first stylesheet: nothing there has a class that the second one alone knows."""

from __future__ import annotations

import re
from pathlib import Path

from app.web.style_sheet import FIRST, LATER, stylesheets

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES, CSS = ROOT / "templates", ROOT / "static" / "css"
BESIDE = ("surveys", "appointments", "tasks", "contacts", "sla", "notifications", "reply_templates")  # fetched into its panes
OWN_PAGE = '{% extends "base.html" %}'  # which has both sheets; the three panes alone do without the second
GENERAL = {"rich", "end", "soft", "num", "btn", "icon", "input", "select", "field", "menu", "section", "check", "code"}


def classes(sheet: str) -> set[str]:
    text = re.sub(r"/\*.*?\*/|url\([^)]*\)|@layer[^{]*", "", (CSS / sheet).read_text(), flags=re.DOTALL)
    return set(re.findall(r"\.([a-z][\w-]+)", text))


def test_no_class_of_the_inbox_comes_later() -> None:
    first = set().union(*(classes(sheet) for sheet in stylesheets(FIRST)))
    later = set().union(*(classes(sheet) for sheet in stylesheets(LATER))) - first - GENERAL
    pages = [*TEMPLATES.glob("*.html"), *(TEMPLATES / "components").glob("*.html"), *(TEMPLATES / "inbox").glob("*.html")]
    pages += [path for area in BESIDE for path in (TEMPLATES / area).glob("thread_*.html")]
    wrong = {}
    for path in pages:
        text = path.read_text()
        if OWN_PAGE not in text or path.name == "page.html":
            used = {name for value in re.findall(r'class="([^"]*)"', text) for name in re.findall(r"[\w-]+", value)}
            wrong[path.name] = used & later
    assert {name: sorted(found) for name, found in wrong.items() if found} == {}

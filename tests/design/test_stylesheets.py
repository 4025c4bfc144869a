"""Stylesheets keep to the house's rules: layers, roles instead of colours, names that exist, nothing forced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
CSS = STATIC / "css"
# Around Swagger UI, which knows neither our layers nor dark mode.
FOREIGN = CSS / "features" / "api" / "api-docs.css"
SHEETS = sorted(path for path in CSS.rglob("*.css") if path != FOREIGN)
LAYER_OF = {"tokens.css": "tokens", "base.css": "base", "layout.css": "layout", "utilities.css": "utilities"}
RAW_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|hsla|oklch|lab)\(")
# A mail's own page is white paper in every mode: what it brings was written for that.
WHITE_PAPER = ".message__frame"


def name(path: Path) -> str:
    return str(path.relative_to(CSS))


def rules(path: Path) -> str:
    """The stylesheet without comments."""
    return re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_a_stylesheet_stays_in_its_layer(path: Path) -> None:
    expected = LAYER_OF.get(path.name, path.relative_to(CSS).parts[0])
    outside = re.sub(r"@font-face\s*{[^}]*}", "", rules(path)).strip()
    layers = re.findall(r"@layer ([\w, ]+)[{;]", outside)
    assert {layer.strip() for layer in layers if "," not in layer} == {expected}
    assert depth_is_closed(outside), "the braces do not match"
    assert outside.startswith("@layer")


def depth_is_closed(text: str) -> bool:
    return text.count("{") == text.count("}")


@pytest.mark.parametrize("path", [p for p in SHEETS if p.name != "tokens.css"], ids=name)
def test_a_colour_is_a_role(path: Path) -> None:
    lines = [line.strip() for line in rules(path).splitlines() if WHITE_PAPER not in line]
    assert [line for line in lines if RAW_COLOUR.search(re.sub(r"url\([^)]*\)", "", line))] == []


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_nothing_is_forced(path: Path) -> None:
    assert "!important" not in rules(path)


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_a_variable_that_is_used_is_set(path: Path) -> None:
    everything = "\n".join(rules(sheet) for sheet in SHEETS)
    known = set(re.findall(r"(--[\w-]+)\s*:", everything))
    used = set(re.findall(r"var\((--[\w-]+)\)", rules(path)))
    assert used - known == set()


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_a_file_a_stylesheet_names_is_there(path: Path) -> None:
    named = re.findall(r"""url\(["']?([^"')]+)["']?\)""", rules(path))
    assert [file for file in named if not (path.parent / file).resolve().is_file()] == []


def test_reduced_motion_is_obeyed() -> None:
    assert "prefers-reduced-motion: reduce" in (CSS / "base.css").read_text()

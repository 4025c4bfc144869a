"""What templates ask for exists: icons, styles, modules, vendored files with their licences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
SYMBOLS = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img" / "icons.svg").read_text()))


def without_comments(path: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)


def template_name(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


def script_name(path: Path) -> str:
    return str(path.relative_to(STATIC / "js"))


@pytest.mark.parametrize("path", PAGES, ids=template_name)
def test_an_icon_is_in_the_sprite(path: Path) -> None:
    text = without_comments(path)
    used = set(re.findall(r"""\bicon\(["']([\w-]+)["']""", text)) | set(re.findall(r"icons\.svg#([\w-]+)", text))
    assert used - SYMBOLS == set()


def test_the_sprite_holds_the_listed_icons() -> None:
    assert set((STATIC / "img" / "icons.txt").read_text().split()) == SYMBOLS


@pytest.mark.parametrize("path", PAGES, ids=template_name)
def test_a_module_that_is_named_exists(path: Path) -> None:
    named = {name for value in re.findall(r'data-module="([\w\- ]+)"', without_comments(path)) for name in value.split()}
    assert [name for name in sorted(named) if not (STATIC / "js" / "modules" / f"{name}.js").is_file()] == []


@pytest.mark.parametrize("path", PAGES, ids=template_name)
def test_an_asset_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"""asset\(["']([^"']+)["']\)""", without_comments(path))
    assert [name for name in named if not (STATIC / name).is_file()] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=script_name)
def test_an_import_leads_to_a_file(path: Path) -> None:
    named = re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"'$]+)["']""", path.read_text())
    assert [name for name in named if not (path.parent / name).is_file()] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=script_name)
def test_a_script_runs_no_text(path: Path) -> None:
    assert re.findall(r"\beval\(|new Function|innerHTML\s*=|document\.write", path.read_text()) == []


@pytest.mark.parametrize("path", sorted((STATIC / "vendor").glob("*.js")), ids=lambda path: path.name)
def test_a_vendored_file_says_its_version_and_licence(path: Path) -> None:
    assert re.search(r"-\d+\.\d+\.\d+", path.name)
    product = path.name.split("-")[0]
    assert (STATIC / "vendor" / f"{product}-LICENSE").is_file()


def test_a_component_file_describes_its_macros() -> None:
    undescribed = [p.name for p in (TEMPLATES / "components").glob("*.html") if not p.read_text().lstrip().startswith("{#")]
    assert undescribed == []


def test_no_two_components_share_a_name() -> None:
    names = [n for p in (TEMPLATES / "components").glob("*.html") for n in re.findall(r"\{%-?\s*macro (\w+)", p.read_text())]
    assert sorted({n for n in names if names.count(n) > 1}) == []

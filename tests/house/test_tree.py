"""The tree as a whole: what belongs together is together, and nothing points outside."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from app.config import setting_names

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE_LINES = 400
PARTED = ("domain", "web", "sandbox", "process")  # rooms with a folder for each feature
# Folders of pages that are of no area of app/web: of the API and the sandbox, and what every page has.
OF_NO_AREA = {"api", "demo", "dev", "components", "errors", "settings"}
# Written in pieces, so that this file does not contain what it forbids.
FOREIGN = [
    "/" + "work/",
    "../" + "shared",
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "deb." + "debian.org",
    "--" + "index-url",
    "--" + "find-links",
    "BEGIN " + "PRIVATE KEY",
]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def features() -> list[str]:
    """Return the rooms of app/ that hold code of ours, and what is in those that are parted into features."""
    files = [path.relative_to(ROOT / "app").parts for path in (ROOT / "app").rglob("*.py") if path.stat().st_size > 0]
    rooms = {parts[0] for parts in files if len(parts) > 1}
    return sorted(rooms | {"/".join(parts[:2]) for parts in files if len(parts) > 2 and parts[0] in PARTED})


@pytest.mark.parametrize("feature", features())
def test_every_feature_has_tests_under_its_own_name(feature: str) -> None:
    room, _, name = feature.partition("/")
    places = [f"domain/{name}", f"web/{name}"] if name and room in ("domain", "web") else [feature]
    tests = [test for place in places for test in (ROOT / "tests" / place).rglob("test_*.py")]
    assert tests, f"app/{feature}/ has code, none of tests/{places} has a test"


@pytest.mark.parametrize("place", ["templates", "static/css/features", "tests/web"])
def test_an_area_has_its_name_from_app_web(place: str) -> None:
    areas = {path.parent.name for path in (ROOT / "app" / "web").glob("*/*.py")}
    inside = (path.relative_to(ROOT / place).parts for path in tracked_files() if path.is_relative_to(ROOT / place))
    folders = {parts[0] for parts in inside if len(parts) > 1}
    sheets = {path.stem for path in (ROOT / place).glob("*.css")}
    assert sorted((folders | sheets) - areas - OF_NO_AREA) == []


def test_nothing_tracked_points_outside_the_project() -> None:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [f"{path.relative_to(ROOT)}: {words}" for words in FOREIGN if words in text]
    assert found == []


def test_no_file_of_ours_is_too_long_to_read() -> None:
    python = [path for path in tracked_files() if path.suffix == ".py" and not path.is_relative_to(ROOT / "migrations")]
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in python}
    assert {str(path): length for path, length in lengths.items() if length > LONGEST_FILE_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    modules = [path for path in (ROOT / "app").rglob("*.py") if path.stat().st_size > 0]
    assert [str(path.relative_to(ROOT)) for path in modules if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_every_setting_is_in_the_table_of_settings() -> None:
    table = (ROOT / "docs" / "settings.md").read_text()
    assert [name for name in setting_names() if f"`{name}`" not in table] == []


def test_every_make_target_is_told_to_contributors() -> None:
    targets = re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = (ROOT / "CONTRIBUTING.md").read_text()
    assert [name for name in targets if name not in {"help", "requirements"} and f"make {name}" not in told] == []


def test_migrations_are_numbered_without_a_gap_up_to_the_number_in_head() -> None:
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    numbers = [path.name.split("_")[0] for path in files]
    assert numbers == [f"{place:04}" for place in range(1, len(files) + 1)]
    assert (ROOT / "migrations" / "HEAD").read_text().strip() == numbers[-1]
    for path, previous in zip(files, [None, *numbers], strict=False):
        names = constants(path)
        assert (names["revision"], names["down_revision"]) == (path.name.split("_")[0], previous), path.name


def constants(path: Path) -> dict[str, object]:
    """Return the module's assignments of plain values."""
    found: dict[str, object] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value.value
    return found

"""Every test is in one lane, every lane has a command, and what only a full run does is listed with its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import LANES, SHARED, group_of, lane_of

ROOT = Path(__file__).resolve().parents[2]
DIFFERS = re.compile(r"mark\.full\b|IS_FULL|\bamount\(|look_at\(")


def test_every_test_is_in_one_lane(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        assert [mark.name for mark in item.iter_markers() if mark.name in LANES][:1] == [lane_of(item)], item.nodeid


def test_what_shares_an_application_or_a_browser_runs_in_one_process(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        assert (group_of(item) in SHARED) == (lane_of(item) == "browser"), item.nodeid


def test_every_lane_is_run_by_a_command() -> None:
    commands = re.findall(r'\$\(PYTEST\) -m (".*?"|\w+)', (ROOT / "Makefile").read_text())
    assert sorted(re.findall(r"(?!or\b)\b\w+", " ".join(commands))) == sorted(LANES)


def test_what_only_a_full_run_does_is_listed() -> None:
    named = set(re.findall(r"^\| `(tests/\S+\.py)", (ROOT / "docs/testing.md").read_text(), re.MULTILINE))
    differing = [path for path in (ROOT / "tests").rglob("test_*.py") if DIFFERS.search(path.read_text())]
    assert named == {path.relative_to(ROOT).as_posix() for path in differing if path != Path(__file__)}

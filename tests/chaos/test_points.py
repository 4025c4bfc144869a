"""The harness kills at every named place there is."""

from __future__ import annotations

import ast
from pathlib import Path

from app.core.promises import STEPS
from chaos.points import POINTS
from tests.house.test_promises import promises

APP = Path(__file__).resolve().parents[2] / "app"


def test_every_crash_point_in_the_code_is_on_the_harness_s_list() -> None:
    of_promises = [f"{table}.{step}" for table in promises() for step in STEPS]
    assert sorted(point.name for point in POINTS) == sorted(points_in_the_code() + of_promises)


def test_a_point_that_follows_another_names_one_that_exists() -> None:
    names = {point.name for point in POINTS}
    assert {point.after for point in POINTS if point.after} <= names


def points_in_the_code() -> list[str]:
    """Names of all calls of `crash_point`; each with a literal, once, but for the steps of promises."""
    found: list[str] = []
    for path in sorted(APP.rglob("*.py")):
        text = path.read_text()
        if path == APP / "core/promises.py" or "crash_point" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "crash_point":
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{path}: a crash point is named by a literal"
                found.append(str(name.value))
    return found

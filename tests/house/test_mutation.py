"""The faults of `python -m tests.mutation`: one change each, in code that still is code, and the same ones by the same seed."""

from __future__ import annotations

import ast
from textwrap import dedent

from tests.mutation import ROOT, draw, faults_of, find_tests

SOURCE = dedent('''
    LIMIT = 3

    def pick(é: int, late: bool = False) -> list[int]:
        """Not 1."""
        if é == 2 and not late:
            note("one", é)
        rest: list[int] = [é + 1 for é in range(7)]
        return rest
    ''').encode()


def test_a_fault_of_each_kind_changes_one_place() -> None:
    changed = {fault.kind: fault.put_into(SOURCE).decode() for fault in faults_of("pick.py", SOURCE)}
    places = {kind: next(line for line in text.splitlines() if line.encode() not in SOURCE) for kind, text in changed.items()}
    assert {kind: line.strip() for kind, line in places.items()} == {
        "and/or": "if (é == 2 or not late):",
        "comparison": "if (é != 2) and not late:",
        "negation": "if é == 2 and (late):",
        "call left out": "pass",
        "arithmetic": "rest: list[int] = [(é - 1) for é in range(7)]",
        "constant": "rest: list[int] = [é + 1 for é in range(8)]",
        "return": "return None",
    }


def test_the_tests_of_a_feature_come_first_and_those_of_who_imports_the_file_then() -> None:
    near, wider = find_tests("app/domain/sla/recompute.py")
    assert near == ["tests/domain/sla"]
    assert "tests/web/sla/test_settings.py" in wider


def test_a_seed_draws_the_same_faults_and_every_one_can_be_put_in() -> None:
    rooms = ("contract", "mail")
    drawn = draw(7, 5, rooms)
    assert drawn == draw(7, 5, rooms)
    assert [fault.path.split("/")[1] for fault in drawn] == ["contract"] * 2 + ["mail"] * 3
    for fault in drawn:
        source = (ROOT / fault.path).read_bytes()
        assert ast.dump(ast.parse(fault.put_into(source))) != ast.dump(ast.parse(source))

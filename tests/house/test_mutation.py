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


def test_a_seed_draws_the_same_faults_and_every_one_can_be_put_in_and_tested() -> None:
    rooms = ("contract", "providers")
    drawn = draw(7, 7, rooms)
    assert drawn == draw(7, 7, rooms)
    assert [fault.path.split("/")[1] for fault in drawn] == ["contract"] * 3 + ["providers"] * 4
    for fault in drawn:
        source = (ROOT / fault.path).read_bytes()
        assert ast.dump(ast.parse(fault.put_into(source))) != ast.dump(ast.parse(source))
        assert any(find_tests(fault.path))

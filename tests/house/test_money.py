"""No float where money is: a price that went through one is not the price any more."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

EXACT = [
    Path("app/core/money.py"),
    *sorted(Path("app/domain/orders").glob("*.py")),
    Path("app/web/orders/words.py"),
    Path("app/web/orders/forms.py"),
]


def inexact(tree: ast.AST) -> Iterator[int]:
    """Lines with a float literal, the name `float`, or Python's own `round`, which rounds half to even."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno
        if isinstance(node, ast.Name) and node.id in ("float", "round"):
            yield node.lineno


def test_no_float_is_near_money() -> None:
    assert [f"{path}:{line}" for path in EXACT for line in inexact(ast.parse(path.read_text()))] == []


def test_the_check_sees_what_it_looks_for() -> None:
    assert list(inexact(ast.parse("a = 0.1\nb = float('1')\nc = round(d, 2)"))) == [1, 2, 3]

"""A status is written by the engine alone: whatever has a machine is never set by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ENUMS = {"OrderStatus", "LineItemStatus", "AppointmentState"}
COLUMNS = {"status", "state"}
ENGINE = {"app/domain/orders/statuses.py", "app/domain/appointments/statuses.py"}


def written(tree: ast.AST) -> Iterator[int]:
    """The lines on which a column of status gets a value of one of the enums."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = [one for target in node.targets for one in ast.walk(target)]
            if any(isinstance(one, ast.Attribute) and one.attr in COLUMNS for one in targets) and names(node.value):
                yield node.lineno
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "values":
            continue
        if any(keyword.arg in COLUMNS and names(keyword.value) for keyword in node.keywords):
            yield node.lineno


def names(value: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id in ENUMS for node in ast.walk(value))


def test_nobody_but_the_engine_writes_a_status() -> None:
    texts = {path: path.read_text() for path in sorted(Path("app").rglob("*.py")) if str(path) not in ENGINE}
    found = [
        f"{path}:{line}"
        for path, text in texts.items()
        if any(enum in text for enum in ENUMS)
        for line in written(ast.parse(text))
    ]
    assert found == [], "use change_entity_status (app/domain/transitions/actions.py)"


def test_the_check_sees_what_it_looks_for() -> None:
    assert list(written(ast.parse("order.status = OrderStatus.NEW\nsa.update(A).values(state=AppointmentState.DONE)"))) == [1, 2]
    assert all(list(written(ast.parse(Path(path).read_text()))) for path in ENGINE)

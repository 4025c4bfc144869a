"""`python -m tests.mutation`: small faults put into the application, one at a time, and whether the tests notice.

The faults are drawn by a seed, as many from domain as from providers and from web. Each is put into a copy of the work tree. Then
the tests of its feature run (tests/domain/sla for app/domain/sla) until one fails; where none does, the tests without a browser
that import its module, and those of what imports it. What fails must pass again without the fault. A fault nobody noticed is
either one that changes nothing anybody can see, or a test that is missing: it is printed with its place.

--seed N      the draw; the same seed finds the same faults in the same tree
--faults N    how many (50)
--jobs N      how many copies are tested beside each other (1)
--only N,M    these numbers of the draw alone
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("domain", "providers", "web")
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", "var", "test-results", ".hypothesis", ".mypy_cache", ".pytest_cache")
NOTHING_TO_RUN = pytest.ExitCode.NO_TESTS_COLLECTED
HANGS_SECONDS = 900  # a fault may be a loop without an end
SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
}


@dataclass(frozen=True)
class Fault:
    """A place of a file, in bytes, and what is written there instead."""

    path: str
    line: int
    start: int
    end: int
    text: str
    kind: str

    def put_into(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


def faults_of(path: str, source: bytes) -> list[Fault]:
    """Every fault this file can have, in the order of its text."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = []
    for node, kind, other in _changes(ast.parse(source)):
        start, end = starts[node.lineno - 1] + node.col_offset, starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        text = other if isinstance(other, str) else f"({ast.unparse(other)})"
        found.append(Fault(path, node.lineno, start, end, text, kind))
    return found


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str, ast.expr | str]]:
    """What is in functions, but annotations, defaults and decorators: a fault in those shows when the module is imported."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for statement in function.body:
                for node in _inside(statement):
                    yield from _changes_of(node)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """The node and those in it; functions in it are walked by themselves."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Raise | ast.JoinedStr):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name != "annotation":
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _inside(child)


def _changes_of(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str, ast.expr | str]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPPED:
        yield node, "comparison", _with(node, ops=[SWAPPED[type(node.ops[0])]()])
    elif isinstance(node, ast.BoolOp):
        yield node, "and/or", _with(node, op=SWAPPED[type(node.op)]())
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        yield node, "arithmetic", _with(node, op=SWAPPED[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node, "negation", node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, "constant", str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield node, "constant", str(node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp) and not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
        yield node.test, "condition", ast.UnaryOp(ast.Not(), node.test)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield node, "call left out", "pass"
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield node, "return", "return None"


def _with(node: ast.expr, **fields: object) -> ast.expr:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def draw(seed: int, count: int, rooms: tuple[str, ...] = ROOMS) -> list[Fault]:
    """`count` faults, as many from each room; a room's files count by their length."""
    dice = random.Random(seed)
    drawn: list[Fault] = []
    for place, room in enumerate(rooms):
        paths = sorted((ROOT / "app" / room).rglob("*.py"))
        all_of_room = [fault for path in paths for fault in faults_of(str(path.relative_to(ROOT)), path.read_bytes())]
        drawn += dice.sample(all_of_room, (count + place) // len(rooms))
    return drawn


def find_tests(path: str) -> Iterator[list[str]]:
    """The tests that should notice a fault of this file, near ones first."""
    near = _own_tests(path)
    if near:
        yield near
    package, _dot, module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__").rpartition(".")
    imported = re.compile(rf"\b{re.escape(package)}\.{module}\b|from {re.escape(package)} import .*\b{module}\b")
    if path.startswith("app/providers/"):  # the registry finds them by their folders
        imported = re.compile(rf"{imported.pattern}|\b{Path(path).parts[2]}\b")
    found = [
        str(file.relative_to(ROOT))
        for folder in ("app", "tests")
        for file in (ROOT / folder).rglob("*.py")
        if imported.search(file.read_text())
    ]
    tests = {name for name in found if Path(name).name.startswith("test_") and not name.startswith("tests/browser/")}
    tests.update(name for importer in found if importer.startswith("app/") for name in _own_tests(importer))
    yield sorted(tests - set(near))


def _own_tests(path: str) -> list[str]:
    """The folder or the file of tests that has the name of a file's feature, or of its folder."""
    _app, *parts = Path(path).with_suffix("").parts
    names = [f"tests/{'/'.join(parts[:2])}", f"tests/{parts[0]}/test_{parts[-1]}.py"]
    return [name for name in names if len(parts) > 1 and (ROOT / name).exists()]


class Bench:
    """A copy of the work tree in which one fault is tested at a time."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        shutil.copytree(ROOT, self.root, ignore=LEFT_BEHIND, symlinks=True)
        (self.root / ".venv").symlink_to((ROOT / ".venv").resolve())
        self._left_out: list[str] = []

    def notices(self, fault: Fault) -> str:
        """The test that fails with this fault and passes without it; empty if none does."""
        for tests in filter(None, find_tests(fault.path)):
            while failing := self._failing(tests, fault):
                if not self._failing([failing]):
                    return failing
                print(f"{failing} fails without a fault, too, and is left out", flush=True)
                self._left_out.append(f"--deselect={failing}")
        return ""

    @contextmanager
    def _faulty(self, fault: Fault) -> Iterator[None]:
        path = self.root / fault.path
        right, times = path.read_bytes(), path.stat()
        path.write_bytes(fault.put_into(right))
        try:
            yield
        finally:
            path.write_bytes(right)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def _failing(self, tests: list[str], fault: Fault | None = None) -> str:
        """The first test that fails, or the first folder of tests where they cannot be collected or do not end."""
        options = ["-n0", "-x", "-p", "no:cacheprovider", "-m", "unit or db", *self._left_out]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        # Compiled files are kept: a fault's is told from the right one by the time of its file.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        try:
            with self._faulty(fault) if fault else nullcontext():
                run = subprocess.run(
                    command, cwd=self.root, env=env, capture_output=True, text=True, check=False, timeout=HANGS_SECONDS
                )
        except subprocess.TimeoutExpired:
            return tests[0]
        told = re.search(r"^(?:FAILED|ERROR) (tests/.*?)(?: - .*)?$", run.stdout, re.MULTILINE)
        return "" if run.returncode in (0, NOTHING_TO_RUN) else told.group(1) if told else tests[0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    drawn = list(enumerate(draw(asked.seed, asked.faults), 1))
    only = {int(number) for number in asked.only.split(",") if number}
    drawn = [(number, fault) for number, fault in drawn if not only or number in only]
    print(f"seed {asked.seed}, {len(drawn)} faults", flush=True)
    free: SimpleQueue[Bench] = SimpleQueue()

    def test(numbered: tuple[int, Fault]) -> bool:
        number, fault = numbered
        bench = free.get()
        try:
            failing = bench.notices(fault)
        finally:
            free.put(bench)
        was = (ROOT / fault.path).read_bytes()[fault.start : fault.end].decode().split("\n")[0]
        told = "noticed" if failing else "NOT NOTICED"
        print(f"{number:3} {told}  {fault.path}:{fault.line}  {was}  →  {fault.text}  ({fault.kind})  {failing}", flush=True)
        return bool(failing)

    with tempfile.TemporaryDirectory(prefix="switchyard-mutation-") as folder:
        for number in range(asked.jobs):
            free.put(Bench(Path(folder) / str(number)))
        with ThreadPoolExecutor(asked.jobs) as pool:
            noticed = sum(pool.map(test, drawn))
    print(f"{noticed} of {len(drawn)} noticed (seed {asked.seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())

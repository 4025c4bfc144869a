"""Every regular expression of the application, found without a list, and texts that are hostile to each.

A pattern is judged by the methods it is used with: `\\s*x` costs the square of a run of blanks when it is searched for, and no
more than the run when it is matched at the start.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import app

# Developers' tools: nobody outside sends them a text.
LEFT_OUT = ("app.sandbox.simulators", "app.process.launch", "app.sandbox.demo", "app.sandbox.dev")
ANYWHERE = frozenset({"search", "findall", "finditer", "sub", "subn", "split"})
METHODS = ANYWHERE | {"match", "fullmatch"}
LONG_REPEAT = 10  # a shorter one costs a constant
MOST_SEEDS = 60
LETTERS = "aA0 _-.,;:@<>\"'()[]{}=?/\\#&%+*~!|$\n\r\t\x00é中\u00a0"


@dataclass(frozen=True)
class Found:
    """A pattern, the place it stands, and how it is used: search, match, fullmatch."""

    where: str
    pattern: re.Pattern[Any]
    uses: frozenset[str]

    def runs(self) -> Iterator[Callable[[Any], object]]:
        if self.uses & ANYWHERE:
            yield lambda text: sum(1 for _ in self.pattern.finditer(text))
        for name in sorted(self.uses - ANYWHERE):
            yield getattr(self.pattern, name)

    def text(self, seed: tuple[str, str, str], length: int) -> Any:
        """About `length` characters: the seed's middle, repeated, between its ends."""
        start, middle, end = seed
        text = start + middle * max(1, length // len(middle)) + end
        return text.encode() if isinstance(self.pattern.pattern, bytes) else text


def all_patterns() -> list[Found]:
    """Those that modules hold, in whatever tuple, mapping or dataclass, and those written where they are used."""
    modules = [importlib.import_module(name) for name in _module_names()]
    trees = {module.__name__: ast.parse(Path(module.__file__ or "").read_text()) for module in modules}
    uses = _Uses(trees)
    found = [one for module in modules for one in _held(module, uses)]
    found += [one for name, tree in trees.items() for one in _written(name, tree)]
    merged: dict[tuple[Any, int], Found] = {}
    for one in found:
        key = (one.pattern.pattern, one.pattern.flags)
        merged[key] = Found(one.where, one.pattern, one.uses | (merged[key].uses if key in merged else frozenset()))
    return sorted(merged.values(), key=lambda one: one.where)


def _module_names() -> Iterator[str]:
    for info in pkgutil.walk_packages(app.__path__, "app."):
        if not info.name.startswith(LEFT_OUT) and not info.name.endswith("__main__"):
            yield info.name


def _held(module: ModuleType, uses: _Uses) -> Iterator[Found]:
    for name, value in vars(module).items():
        if isinstance(value, re.Pattern):
            yield Found(f"{module.__name__}.{name}", value, uses.of(module.__name__, name))
            continue
        for pattern, attribute in _inside(value, name):
            yield Found(f"{module.__name__}.{name}", pattern, uses.of(module.__name__, attribute))


def _inside(value: object, name: str, depth: int = 0) -> Iterator[tuple[re.Pattern[Any], str]]:
    if isinstance(value, re.Pattern):
        yield value, name
    elif depth > 4:
        return
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _inside(item, "", depth + 1)
    elif isinstance(value, dict):
        for item in (*value.keys(), *value.values()):
            yield from _inside(item, "", depth + 1)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for item in dataclasses.fields(value):
            yield from _inside(getattr(value, item.name, None), item.name, depth + 1)


class _Uses:
    """By which methods a name is used; one that is handed on, or kept in a tuple, may meet any."""

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        self._by_name: dict[tuple[str, str], set[str]] = {}
        self._by_attribute: dict[str, set[str]] = {}
        self._handed_on: set[tuple[str, str]] = set()
        for module, tree in trees.items():
            self._read(module, tree)

    def of(self, module: str, name: str) -> frozenset[str]:
        found = self._by_name.get((module, name), set()) | self._by_attribute.get(name, set())
        if not name or (module, name) in self._handed_on:
            return METHODS
        return frozenset(found)

    def _read(self, module: str, tree: ast.Module) -> None:
        called = set()
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or node.attr not in METHODS:
                continue
            called.add(id(node.value))
            if isinstance(node.value, ast.Name):
                self._by_name.setdefault((module, node.value.id), set()).add(node.attr)
            elif isinstance(node.value, ast.Attribute):
                self._by_attribute.setdefault(node.value.attr, set()).add(node.attr)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called:
                self._handed_on.add((module, node.id))


def _written(module: str, tree: ast.Module) -> Iterator[Found]:
    """`re.sub("…", …)` with the pattern on the spot."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "re"):
            continue
        if node.func.attr in METHODS and node.args and isinstance(node.args[0], ast.Constant):
            stated = [
                argument for argument in (*node.args[2:], *(k.value for k in node.keywords)) if "re." in ast.unparse(argument)
            ]
            flags = eval(ast.unparse(stated[0]), {"re": re}) if stated else 0
            yield Found(f"{module}:{node.lineno}", re.compile(node.args[0].value, flags), frozenset({node.func.attr}))


def hostile_seeds(pattern: re.Pattern[Any]) -> list[tuple[str, str, str]]:
    """(start, middle, end): runs of what each repeat of `pattern` takes, begun rightly and never ended, and many begun."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    tree = parser.parse(source, pattern.flags)
    seeds = dict.fromkeys(("", letter, "") for letter in " a0\n")
    for start, body in _repeats(tree, ""):
        for middle in _samples(body):
            seeds |= dict.fromkeys([(start, middle, "\x00"), ("", middle, "\x00"), ("", start + middle * 3, "")])
    whole = _sample(tree, 1)
    seeds |= dict.fromkeys(("", whole[:cut], "") for cut in (1, 2, len(whole) // 2, len(whole) - 1, len(whole)))
    usable = [seed for seed in seeds if seed[1]]
    step = max(1, len(usable) // MOST_SEEDS)
    return usable[::step] if len(usable) > MOST_SEEDS else usable


def _repeats(tree: Any, start: str) -> Iterator[tuple[str, Any]]:
    """Each repeat that may be long: a text that leads to it, and what is repeated."""
    for code, value in tree:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            if value[1] >= LONG_REPEAT:
                yield start, value[2]
            yield from _repeats(value[2], start)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from _repeats(branch, start)
        elif code is codes.SUBPATTERN:
            yield from _repeats(value[3], start)
        elif code is codes.ATOMIC_GROUP:
            yield from _repeats(value, start)
        start += _sample([(code, value)], 1)


def _samples(tree: Any) -> list[str]:
    return list(dict.fromkeys(text for pick in range(7) if (text := _sample(tree, pick))))


def _sample(tree: Any, pick: int) -> str:
    """One of the texts that `tree` takes."""
    return "".join(_piece(code, value, pick) for code, value in tree)


def _piece(code: Any, value: Any, pick: int) -> str:
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.NOT_LITERAL:
        return next(letter for letter in LETTERS[pick:] if ord(letter) != value)
    if code is codes.ANY:
        return "a 0<.@ "[pick % 7]
    if code is codes.IN:
        taken = _members(value)
        return taken[pick * max(1, len(taken) // 7) % len(taken)]
    if code is codes.BRANCH:
        return _sample(value[1][pick % len(value[1])], pick)
    if code is codes.SUBPATTERN:
        return _sample(value[3], pick)
    if code is codes.ATOMIC_GROUP:
        return _sample(value, pick)
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return _sample(value[2], pick) * max(value[0], pick % 2)
    return ""


def _members(items: Any) -> str:
    """The letters of ours that a class takes; where it takes none of them, the first of its own."""
    is_denied = any(code is codes.NEGATE for code, _ in items)
    taken = "".join(letter for letter in LETTERS if any(_takes(item, letter) for item in items) != is_denied)
    own = (chr(value if code is codes.LITERAL else value[0]) for code, value in items if code in (codes.LITERAL, codes.RANGE))
    return taken or next(own, "a")


def _takes(item: tuple[Any, Any], letter: str) -> bool:
    code, value = item
    if code is codes.LITERAL:
        return ord(letter) == value
    if code is codes.RANGE:
        return bool(value[0] <= ord(letter) <= value[1])
    if code is not codes.CATEGORY:
        return False
    name = str(value).removeprefix("CATEGORY_").removeprefix("UNI_")
    is_in = {"DIGIT": str.isdigit, "SPACE": str.isspace}.get(
        name.removeprefix("NOT_"), lambda text: text.isalnum() or text == "_"
    )
    return is_in(letter) != name.startswith("NOT_")

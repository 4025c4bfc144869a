"""Counts what the rules of the house forbid (`make house`): imports that run up, circles of modules, providers named outside.

The layers are read from .importlinter; what is ignored there counts all the same. Imports for annotations alone do not count.
`--list` names each of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
# Names of providers that are ordinary words as well prove nothing where they are found.
WORDS = {"graph", "make", "smtp", "teams", "web_push"}


def main() -> int:
    """Print the three counts; the exit status says nothing about them."""
    graph = grimp.build_graph("app", exclude_type_checking_imports=True, cache_dir=None)
    counted = {
        "upward imports": [f"{importer} -> {imported}" for importer, imported in sorted(upward(graph))],
        "circles": [" ".join(sorted(circle)) for circle in circles(graph)],
        "provider names outside": sorted(named_outside()),
    }
    for what, found in counted.items():
        sys.stdout.write(f"{what}: {len(found)}\n")
        if "--list" in sys.argv:
            sys.stdout.writelines(f"    {line}\n" for line in found)
    return 0


def upward(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """Imports that run up or sideways by any of the layers."""
    return {
        (importer, imported)
        for container, ranks in _layers(graph.modules)
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if _runs_up(ranks, _part(container, importer), _part(container, imported))
    }


def _runs_up(ranks: dict[str, tuple[int, bool]], importer: str, imported: str) -> bool:
    if importer == imported or importer not in ranks or imported not in ranks:
        return False
    (own, alone), (other, _alone) = ranks[importer], ranks[imported]
    return other < own or (other == own and alone)


def _part(container: str, module: str) -> str:
    """The part of `container` that `module` is in; empty when it is not inside."""
    return module[len(container) + 1 :].split(".")[0] if module.startswith(f"{container}.") else ""


def _layers(modules: set[str]) -> Iterator[tuple[str, dict[str, tuple[int, bool]]]]:
    """Each container with the place of its parts, 0 on top, and whether those beside each other must not know each other."""
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    for name in rules.sections():
        if rules[name].get("type") != "layers":
            continue
        lines = [line for line in rules[name]["layers"].splitlines() if line.strip() and not line.startswith("#")]
        ranks = {part: (rank, ":" not in line) for rank, line in enumerate(lines) for part in re.findall(r"\w+", line)}
        for said in rules[name]["containers"].split():
            pattern = re.compile(re.escape(said).replace(r"\*", r"[^.]+"))
            for container in sorted(module for module in modules if pattern.fullmatch(module)):
                yield container, ranks


def circles(graph: grimp.ImportGraph) -> list[set[str]]:
    """Groups of modules of which each leads to each (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in graph.find_modules_directly_imported_by(module):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            at = stack.index(module)
            found.append(set(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(10_000)
    for module in sorted(graph.modules):
        if module not in index:
            visit(module)
    return [group for group in found if len(group) > 1]


def named_outside() -> Iterator[str]:
    """Each file of app/ that names a provider, outside the providers' folders: .importlinter keeps these from each other. The
    sandbox is left out, as it plays the providers and a company that uses them."""
    providers = sorted(path.name for path in (ROOT / "app" / "providers").iterdir() if (path / "__init__.py").is_file())
    for path in sorted((ROOT / "app").rglob("*.py")):
        text = path.read_text().lower()
        for name in providers:
            if name in WORDS or name not in text:
                continue
            inside = path.relative_to(ROOT / "app").with_suffix("").parts
            if inside[0] != "sandbox" and not (inside[0] == "providers" and len(inside) > 2):
                yield f"{name}: {path.relative_to(ROOT)}"


if __name__ == "__main__":
    sys.exit(main())

"""Ask for places in the code, to see whether docs/ leads to them: `python tools/places.py --seed 7`.

Takes 20 public functions of app/ at random and prints for each what its docstring says, without its name and its file, and at
the end the answers. A reader who knows only docs/ (so far helper programs, no persons) names the file of each in one guess; 18
of 20 are enough. The same seed asks the same.
"""

from __future__ import annotations

import argparse
import ast
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = 20
FEWEST_WORDS = 8  # of a docstring that says enough to be found by
PATH = re.compile(r"`?(?:app/)?(?:[\w.]+/)*\w+\.(?:py|html|js|css)`?")


@dataclass(frozen=True)
class Place:
    path: str
    line: int
    name: str
    takes: str
    gives: str
    says: str

    @property
    def question(self) -> str:
        """Return what the function does, its own name and every path left out."""
        said = re.sub(rf"\b{self.name}\b", "…", PATH.sub("…", self.says))
        return f"{said} (takes {self.takes or 'nothing'}; returns {self.gives or 'nothing'})"


def main() -> int:
    """Print the questions, then the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=PLACES)
    asked = parser.parse_args()
    places = draw(asked.seed, asked.count)
    sys.stdout.write(f"Which file? Seed {asked.seed}.\n\n")
    sys.stdout.writelines(f"{number:2}. {place.question}\n" for number, place in enumerate(places, 1))
    sys.stdout.write("\nAnswers\n\n")
    sys.stdout.writelines(f"{number:2}. {place.path}:{place.line} {place.name}\n" for number, place in enumerate(places, 1))
    return 0


def draw(seed: int, count: int) -> list[Place]:
    """Return that many places, the same ones for a seed while the code stays."""
    return random.Random(seed).sample(list(places_of_app()), count)


def places_of_app() -> Iterator[Place]:
    """Every public function at the top of a module of app/ whose docstring says enough."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            says = " ".join((ast.get_docstring(node) or "").split())
            if len(says.split()) >= FEWEST_WORDS:
                yield _place(path, node, says)


def _place(path: Path, node: ast.FunctionDef, says: str) -> Place:
    takes = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    gives = ast.unparse(node.returns).removeprefix("None") if node.returns else ""
    return Place(str(path.relative_to(ROOT)), node.lineno, node.name, ", ".join(takes), gives, says)


if __name__ == "__main__":
    sys.exit(main())

"""Write docs/architecture/files: a page per room that says what each file is for (`make map`).

What stands there is the first sentence of each file: of its docstring (Python) or of the comment it begins with (JavaScript,
CSS, templates). Whoever finds a line wrong changes it in the file. `--check` writes nothing and names the pages that differ.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "architecture" / "files"
SUFFIXES = (".py", ".js", ".css", ".html")
# Folder, and the page its files stand on. The rooms of app/ come by themselves.
OTHERS = {"templates": "templates", "static/js": "js", "static/css": "css", "tools": "tools", "bench": "bench", "chaos": "chaos"}
COMMENT = {
    ".js": re.compile(r"(?:[ \t]*//[^\n]*(?:\n|$))+"),
    ".css": re.compile(r"/\*.*?\*/", re.DOTALL),
    ".html": re.compile(r"\{#-?.*?-?#\}", re.DOTALL),
}
MARKS = re.compile(r"^\s*//|/\*|\*/|\{#-?|-?#\}", re.MULTILINE)
# A sentence ends before a capital, a code or a quotation; "e.g." and numbers do not end one.
END = re.compile(r"(?<=[.?!])(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z`\"'“({])")


def main() -> int:
    """Write the pages, or with `--check` compare them; 1 where one differs."""
    pages = render_pages()
    stale = [name for name, text in pages.items() if not (PAGES / name).is_file() or (PAGES / name).read_text() != text]
    gone = sorted(path.name for path in PAGES.glob("*.md") if path.name not in pages)
    if "--check" in sys.argv:
        sys.stdout.writelines(f"{name} differs from the files: make map\n" for name in [*stale, *gone])
        return 1 if stale or gone else 0
    PAGES.mkdir(exist_ok=True)
    for name in stale:
        (PAGES / name).write_text(pages[name])
    for name in gone:
        (PAGES / name).unlink()
    return 0


def list_files() -> list[Path]:
    """Return all files that have a line."""
    return [path for folder in _folders() for path in _files(folder)]


def render_pages() -> dict[str, str]:
    """Return each page's text by its file name, README.md included."""
    found = {page: list(_files(folder)) for folder, page in _folders().items()}
    pages = {f"{page}.md": _page(folder, found[page]) for folder, page in _folders().items()}
    lines = [f"| [{folder}]({page}.md) | {len(found[page])} |" for folder, page in _folders().items()]
    pages["README.md"] = "\n".join([*HEAD, *lines, ""])
    return pages


HEAD = [
    "# What each file is for",
    "",
    "One page per room, one line per file: the first sentence of the file itself. `make map` writes these pages, and",
    "`tests/house/test_file_map.py` fails where one differs. To find a place, search this folder for the noun:",
    '`grep -ri "idempotency" docs/architecture/files`.',
    "",
    "| room | files |",
    "|---|---|",
]


def _folders() -> dict[str, str]:
    rooms = sorted(path for path in (ROOT / "app").iterdir() if path.is_dir() and any(path.rglob("*.py")))
    return {"app/*.py": "app"} | {f"app/{room.name}": room.name for room in rooms} | OTHERS


def _files(folder: str) -> Iterator[Path]:
    paths = (ROOT / "app").glob("*.py") if folder == "app/*.py" else (ROOT / folder).rglob("*")
    for path in sorted(paths):
        if path.suffix in SUFFIXES and path.stat().st_size > 0 and "vendor" not in path.parts:
            yield path


def _page(folder: str, paths: list[Path]) -> str:
    lines = [f"# {folder}", "", "Written by `make map` from the first sentence of each file. [All rooms](README.md)", ""]
    by_parent: dict[Path, list[Path]] = {}
    for path in paths:
        by_parent.setdefault(path.parent, []).append(path)
    for parent, children in sorted(by_parent.items()):
        lines += [f"## {parent.relative_to(ROOT)}", "", "| file | what it is for |", "|---|---|"]
        lines += [f"| `{path.relative_to(ROOT)}` | {_cell(first_sentence(path))} |" for path in children] + [""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


@cache
def first_sentence(path: Path) -> str:
    """Return the first sentence of the file's docstring or leading comment on one line; "" where it has none."""
    return END.split(" ".join(opening(path).split()), maxsplit=1)[0]


def opening(path: Path) -> str:
    """Return the first paragraph of what the file says of itself, without the marks of a comment."""
    text = path.read_text()
    if path.suffix == ".py":
        said = ast.get_docstring(ast.parse(text)) or ""
    else:
        comment = COMMENT[path.suffix].match(text)
        said = MARKS.sub("", comment.group()) if comment else ""
    return said.strip().split("\n\n")[0]


if __name__ == "__main__":
    sys.exit(main())

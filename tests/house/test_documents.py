"""What the documents say of the tree is there: every file, folder and link, and every name that follows a file.

A file may be written without its first folders, as the documents of a room do: `jobs.py` is any file of that name.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = re.compile(r"`([\w./-]+\.(?:py|js|css|html|md|toml|eml))`")
FOLDER = re.compile(
    r"`((?:app|tests|docs|static|templates|tools|bench|chaos|migrations"
    r"|process|sandbox|web|api|hooks|domain|providers|mail|contract|core)(?:/[\w-]+)+)/?`"
)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
NAME_IN_FILE = re.compile(r"`([\w./-]+\.(?:py|js))`\s+`([A-Za-z_]\w*)(?:\(\))?`")
# What the first tree had; the ADR says why it went.
GONE = {"docs/adr/0004-vertical-features.md": {"utils.py"}}


@cache
def tracked() -> tuple[str, ...]:
    """Names of all files in git that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def documents() -> list[str]:
    """The documents that people write: `make map` writes those of files, and the changelog tells of what was."""
    written = (name for name in tracked() if name.endswith(".md") and not name.startswith("docs/architecture/files/"))
    return [name for name in written if name != "CHANGELOG.md"]


@cache
def endings() -> dict[str, list[str]]:
    """The files by each way to write them: with all their folders, without the first, and so on."""
    found: dict[str, list[str]] = {}
    for name in tracked():
        parts = name.split("/")
        for at in range(len(parts)):
            found.setdefault("/".join(parts[at:]), []).append(name)
    return found


@cache
def folders() -> frozenset[str]:
    """All folders, written in each of these ways."""
    return frozenset(str(folder) for ending in endings() for folder in Path(ending).parents)


def meant(said: str) -> list[str]:
    """The files that a document may mean by `said`."""
    return endings().get(said, [])


def has_name(files: list[str], word: str) -> bool:
    return any(re.search(rf"\b{word}\b", (ROOT / name).read_text()) for name in files)


def missing(text: str, folder: Path, gone: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    """What `text` says that is not there, as it says it; `folder` is where its links begin."""
    yield from (said for said in FILE.findall(text) if said not in gone and not meant(said))
    yield from (said for said in FOLDER.findall(text) if said not in folders())
    yield from (said for said in LINK.findall(text) if not (folder / said).exists())
    for file, word in NAME_IN_FILE.findall(text):
        if meant(file) and not has_name(meant(file), word):
            yield f"{word} in {file}"


@pytest.mark.parametrize("document", documents())
def test_what_a_document_names_is_there(document: str) -> None:
    path = ROOT / document
    assert list(missing(path.read_text(), path.parent, GONE.get(document, set()))) == []


@pytest.mark.parametrize(
    "text, found",
    [
        ("`core/db.py` `transaction()`, `tests/house/`, [the words](docs/glossary.md#on-screen)", []),
        ("`core/no_such.py`", ["core/no_such.py"]),
        ("`domain/nowhere`", ["domain/nowhere"]),
        ("[the words](docs/words.md)", ["docs/words.md"]),
        ("`core/db.py` `no_such_name`", ["no_such_name in core/db.py"]),
    ],
)
def test_what_is_not_there_is_found(text: str, found: list[str]) -> None:
    assert list(missing(text, ROOT)) == found

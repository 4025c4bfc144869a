"""The map of files (docs/architecture/files) is what the files say, and each file says something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.file_map import PAGES, first_sentence, list_files, render_pages

ROOT = Path(__file__).resolve().parents[2]
FEWEST_WORDS = 3


def test_the_pages_are_what_make_map_writes() -> None:
    written = {path.name: path.read_text() for path in PAGES.glob("*.md")}
    pages = render_pages()
    assert {name for name in {*pages, *written} if written.get(name) != pages.get(name)} == set(), "run make map"


def test_every_file_says_what_it_is_for() -> None:
    assert [str(path.relative_to(ROOT)) for path in list_files() if len(first_sentence(path).split()) < FEWEST_WORDS] == []


def test_no_two_files_of_a_folder_say_the_same() -> None:
    said: dict[tuple[Path, str], list[str]] = {}
    for path in list_files():
        said.setdefault((path.parent, first_sentence(path)), []).append(path.name)
    assert [names for names in said.values() if len(names) > 1] == []


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("one.py", '"""Send a mail, e.g. By hand. Not more."""\n', "Send a mail, e.g. By hand."),
        ("two.py", '"""Send a mail\nof `ours`. And wait."""\n', "Send a mail of `ours`."),
        ("three.js", "// Sends a mail\n// at http://a.example. Then waits.\nsend();\n", "Sends a mail at http://a.example."),
        ("four.html", "{# A mail. Context: mail. #}\n<p>{# more #}</p>\n", "A mail."),
        ("five.css", "@layer features { }\n/* late */\n", ""),
    ],
)
def test_the_first_sentence_is_read_from_docstring_or_comment(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert first_sentence(path) == sentence

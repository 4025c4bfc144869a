"""Keeps the catalogues of app/translations in step with the texts of app/ and templates/ (`make translations`).

Collects every marked text, puts new ones into each catalogue with an empty translation, drops those no longer used, compiles,
and prints what is missing. The compiled files are committed, so that starting needs no further step;
tests/house/test_translations.py fails when a catalogue or its compiled file is behind.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
CATALOGUES = ROOT / "app" / "translations"
LANGUAGES = ("nl", "fr")
KEYWORDS = {**DEFAULT_KEYWORDS, "mark": None, "lazy_gettext": None, "_l": None, "known": None}


def extract() -> Catalog:
    """Every marked text of app/ and templates/, with the files it stands in."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog()
    for folder in ("app", "templates"):
        for name, line, text, comments, context in extract_from_dir(ROOT / folder, methods, options, KEYWORDS):
            found.add(text, locations=[(f"{folder}/{name}", line)], auto_comments=comments, context=context)
    return found


def source(language: str) -> Path:
    """The catalogue people edit."""
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """The catalogue of `language` as it stands; an empty one when there is none yet."""
    path = source(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue in the form that programs load."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def is_translated(message: Message) -> bool:
    """True if every form of the message has a text."""
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def main() -> int:
    """Update and compile every catalogue; return 1 when something is missing."""
    template, missing = extract(), 0
    for language in LANGUAGES:
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        path = source(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=0, no_location=True, omit_header=False, sort_output=True, ignore_obsolete=True)
        path.with_suffix(".mo").write_bytes(compiled(read(language)))
        for message in catalogue:
            if message.id and not is_translated(message):
                missing += 1
                sys.stdout.write(f"{language}: {message.locations[0][0]}: {message.id!r}\n")
    sys.stdout.write(f"{missing} missing\n" if missing else "Everything is translated.\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

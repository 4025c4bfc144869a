"""Writes the corpus of mails beside this file: `python -m tests.mail.make_corpus`.

The committed files are the generator's output and nothing else (a test compares them). The huge mails are made in memory only.
"""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path

from tests.mail.corpus_automatic import automatic_mails
from tests.mail.corpus_chains import chains
from tests.mail.corpus_human import human_mails
from tests.mail.corpus_odd import odd_mails
from tests.mail.corpus_tools import mail, mail_of, multipart, person, text_part

FOLDER = Path(__file__).parent / "corpus"


@cache
def corpus() -> dict[str, bytes]:
    """Path below `corpus/` → bytes: the odd ones at the top, the others in a folder each."""
    return {
        **odd_mails(),
        **{f"automatic/{name}": raw for name, _, raw in automatic_mails()},
        **{f"human/{name}": raw for name, raw in human_mails().items()},
        **{f"chains/{chain.name}_{step}.eml": raw for chain in chains() for step, raw in enumerate(chain.mails, 1)},
    }


def huge_mail(megabytes: int = 25) -> bytes:
    """A mail of that size, nearly all of it one attachment."""
    content = bytes(range(256)) * (megabytes * 1_000_000 * 3 // 4 // 256)
    head = b'Content-Type: application/octet-stream; name="film.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    big = head + base64.encodebytes(content).replace(b"\n", b"\r\n")
    return mail_of(person("Wout", "wout@klant.example", "Film"), multipart("mixed", [text_part("Zie film.\n"), big]))


def huge_text(megabytes: int = 25) -> bytes:
    """A mail whose text alone is that big."""
    return mail(
        person("Wout", "wout@klant.example", "Logboek"),
        "Een regel van het logboek, zestig tekens lang ongeveer ja.\n" * (megabytes * 16_900),
    )


def write() -> None:
    for name, raw in corpus().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)


if __name__ == "__main__":
    write()

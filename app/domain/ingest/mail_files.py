"""Find mails in files: `.eml`, folders (Maildir too), mbox. One mail is in memory at a time."""

from __future__ import annotations

import mailbox
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

MAX_BYTES = 150 * 1024 * 1024
_EMPTY = "empty"
_HEAD = 64 * 1024  # bytes in which an mbox has ended its first line
MBOX_SUFFIXES = frozenset({".mbox", ".mbx"})
MAILDIR_FOLDERS = frozenset({"cur", "new"})


@dataclass(frozen=True)
class MailFile:
    """A mail in a file, or the problem of reading it. `name`: the file's path; for a mail in an mbox file, also its position in
    the file."""

    name: str
    content: bytes = field(default=b"", repr=False)
    problem: str = ""


@dataclass(frozen=True)
class Source:
    """A file to read, or a folder that could not be read. `problem` says why, "" if there is no problem."""

    path: Path
    problem: str = ""


def list_sources(paths: Sequence[Path]) -> tuple[list[Source], int]:
    """Return the files that contain mail, in a stable order, and the number of other files.

    A file in `paths` is always returned. Of the files in a folder, only `.eml`, mbox and Maildir files are.
    """
    found: list[Source] = []
    others = 0
    for path in paths:
        for file in _walk(path, found) if path.is_dir() else ():
            holds_mail = _holds_mail(file)
            others += not holds_mail
            found += [Source(file)] if holds_mail else []
        found += [] if path.is_dir() else [Source(path)]
    return found, others


def _walk(top: Path, unreadable: list[Source]) -> Iterator[Path]:
    """Yield every file below a folder, sorted by name within each folder. Folders that cannot be read are added to
    `unreadable`."""

    def note(error: OSError) -> None:
        unreadable.append(Source(Path(error.filename), _why(error)))

    for folder, subfolders, names in os.walk(top, onerror=note):
        subfolders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _holds_mail(file: Path) -> bool:
    suffix = file.suffix.lower()
    return suffix == ".eml" or suffix in MBOX_SUFFIXES or file.parent.name in MAILDIR_FOLDERS


def read_mails(source: Source) -> Iterator[MailFile]:
    """Yield the mails of one file. If a mail or the file cannot be read, yield a `MailFile` with a problem; no exception is
    raised."""
    if source.problem:
        yield MailFile(shown(source.path), problem=source.problem)
        return
    try:
        if _is_mbox(source.path):
            yield from _read_mbox_or_mail(source.path)
        else:
            yield _read_file(source.path)
    except (OSError, mailbox.Error) as error:
        yield MailFile(shown(source.path), problem=_why(error))


def _is_mbox(path: Path) -> bool:
    """Return True if the path is an mbox file, which starts with "From ". Return False for a FIFO or device, without opening
    it."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _read_mbox_or_mail(path: Path) -> Iterator[MailFile]:
    """Yield the mails of a file that starts with "From ". If, read as an mbox, it has no mail or only one empty mail, read the
    whole file as a single mail."""
    mails = _read_mbox(path)
    first, second = next(mails, None), next(mails, None)
    if second is None and (first is None or first.problem == _EMPTY):
        yield _read_file(path)
        return
    yield from (mail for mail in (first, second) if mail)
    yield from mails


def _read_mbox(path: Path) -> Iterator[MailFile]:
    with _with_line_feeds(path) as readable:
        box = mailbox.mbox(str(readable), create=False)
        try:
            for number, key in enumerate(box.keys(), start=1):
                yield _checked(f"{shown(path)}#{number}", box.get_bytes(key))
        finally:
            box.close()


@contextmanager
def _with_line_feeds(path: Path) -> Iterator[Path]:
    """Yield `path`. If its lines end in CR alone, yield a temporary copy with line feeds, because `mailbox` cannot read such
    lines."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if b"\n" in head or b"\r" not in head:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="switchyard-mbox-") as folder:
        copy = Path(folder, "mbox")
        with path.open(encoding="latin-1", newline=None) as old, copy.open("w", encoding="latin-1", newline="\n") as new:
            shutil.copyfileobj(old, new)
        yield copy


def _read_file(path: Path) -> MailFile:
    name = shown(path)
    if not path.exists():
        return MailFile(name, problem="cannot be read: there is no such file")
    if not path.is_file():
        return MailFile(name, problem="cannot be read: it is no ordinary file")
    size = path.stat().st_size
    return MailFile(name, problem=_too_large(size)) if size > MAX_BYTES else _checked(name, path.read_bytes())


def _checked(name: str, content: bytes) -> MailFile:
    if not content.strip():
        return MailFile(name, problem=_EMPTY)
    return MailFile(name, problem=_too_large(len(content))) if len(content) > MAX_BYTES else MailFile(name, content)


def _too_large(size: int) -> str:
    return f"{size / 1024 / 1024:.0f} MiB is more than the {MAX_BYTES // 1024 // 1024} MiB taken at most"


def _why(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return f"cannot be read: {reason}"


def shown(path: Path) -> str:
    """Return a path as printable text, even if its bytes are not valid UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")

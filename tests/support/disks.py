"""Disks that are full or go away, for tests of what then happens."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from app.core.runtime import EXTENSION


@contextmanager
def smallest_disk(folder: Path, *, kilobytes: int = 4) -> Iterator[None]:
    """A disk of its own under `folder`, with hardly any room. Needs the right to mount, else the test is skipped."""
    folder.mkdir(parents=True, exist_ok=True)
    mounting = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounting.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounting.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def broken_folder(folder: Path) -> Iterator[None]:
    """`folder` is away and a file stands in its place, so that nothing below it can be read or written, by root either."""
    away = folder.with_name(f"{folder.name}.away")
    if folder.exists():
        folder.rename(away)
    folder.write_text("no folder")
    try:
        yield
    finally:
        folder.unlink()
        if away.exists():
            away.rename(folder)


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def storage_folder(app: Flask) -> Path:
    """Where the application of a test keeps files."""
    return Path(urlsplit(app.extensions[EXTENSION].settings.storage_url).path)

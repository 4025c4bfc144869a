"""Write large webhook bodies to a file first, and load only a few of them into memory at the same time.

A mail of 35 MB is in memory once, while it is stored; a hundred of them at the same time must not be. A body above
LARGE_BYTES is written to a file before it takes one of the places in memory. A slow sender therefore takes no place.
"""

from __future__ import annotations

import functools
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from app.core.runtime import runtime

LARGE_BYTES = 1024 * 1024
LARGE_AT_ONCE = 2  # in a process; each holds its mail, and as much again on its way to the database
WAIT_SECONDS = 10
CHUNK = 64 * 1024


class TooManyLarge(Exception):
    """Raised when all places for large bodies are taken. The sender has to try again later."""


def copy_stream(source: IO[bytes], target: IO[bytes] | None = None, *, most: int | None = None) -> int:
    """Copy at most `most` bytes from `source` to `target`. Return the number of bytes read.

    If `most` is None, copy everything. If `target` is None, the bytes are read and dropped.
    """
    total = 0
    while most is None or total < most:  # reading nothing would look like a sender who hung up
        piece = source.read(CHUNK if most is None else min(CHUNK, most - total))
        if not piece:
            break
        total += len(piece)
        if target is not None:
            target.write(piece)
    return total


@contextmanager
def spooled(source: IO[bytes]) -> Iterator[tuple[BinaryIO, int]]:
    """Copy all of `source` to an unnamed temporary file. Yield the file, positioned at its beginning, and its size in bytes.

    Large files are written to DATA_DIR, because the system's temporary folder may be in memory.
    """
    folder = runtime().settings.data_dir
    with tempfile.SpooledTemporaryFile(max_size=LARGE_BYTES, dir=str(folder)) as spool:
        file = cast(BinaryIO, spool)
        size = copy_stream(source, file)
        file.seek(0)
        yield file, size


@contextmanager
def place_for(size: int, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Wait for a place in memory for a large body, and keep the place during the block. A body of up to LARGE_BYTES needs no
    place.

    Raises `TooManyLarge` if no place is free within `wait_seconds`.
    """
    if size <= LARGE_BYTES:
        yield
        return
    if not _places().acquire(timeout=wait_seconds):
        raise TooManyLarge
    try:
        yield
    finally:
        _places().release()


@functools.cache
def _places() -> threading.Semaphore:
    """Return the semaphore that limits how many large bodies are in memory at once. It is created on first use, because gevent
    must have patched `threading` before."""
    return threading.BoundedSemaphore(LARGE_AT_ONCE)

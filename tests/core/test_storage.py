"""Files are kept whole, for their owner alone, or not at all; a store that does not work says so and leaves nothing behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.storage import PARTIAL, STALE_SECONDS, FileMissing, FileStorage, StorageFailed, undone_on_error
from tests.support.disks import broken_folder, files_below, smallest_disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def full(folder: Path) -> Iterator[FileStorage]:
    """A store on a disk with room for one page."""
    with smallest_disk(folder):
        yield FileStorage(folder)


def test_what_is_stored_is_for_its_owner_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        folder.mkdir(0o755)  # as an earlier version made it
        FileStorage(folder).put(b"passport")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {0o700}
    assert [stat.S_IMODE(path.stat().st_mode) for path in files_below(folder)] == [0o600]


def test_a_file_that_finds_no_room_leaves_nothing(full: FileStorage, folder: Path) -> None:
    with pytest.raises(StorageFailed, match="No space left"):
        full.put(bytes(1024 * 1024))
    assert files_below(folder) == []
    with full.open(full.put(b"small").key) as file:
        assert file.read() == b"small"


def test_a_full_disk_is_found_by_looking_and_looking_leaves_nothing(full: FileStorage, folder: Path) -> None:
    with pytest.raises(StorageFailed, match="No space left"):
        full.check()
    assert files_below(folder) == []


def test_a_store_that_works_is_found_to_work(folder: Path) -> None:
    store = FileStorage(folder)
    store.check()
    assert files_below(folder) == []


def test_a_folder_that_is_gone_is_no_file_that_was_deleted(folder: Path) -> None:
    store = FileStorage(folder)
    kept = store.put(b"x")
    gone = folder / kept.key
    gone.unlink()
    with pytest.raises(FileMissing):
        store.open(kept.key)
    with broken_folder(folder), pytest.raises(StorageFailed):
        store.open(kept.key)


def test_nothing_is_made_anew_below_a_mount_that_went_away(folder: Path) -> None:
    store = FileStorage(folder)
    store.put(b"x")
    away = folder.rename(folder.with_name("away"))
    folder.mkdir()  # what is left of a mount is an empty folder
    with pytest.raises(StorageFailed):
        store.put(b"x")
    with pytest.raises(StorageFailed):
        store.check()
    assert files_below(folder) == []
    folder.rmdir()
    away.rename(folder)
    store.put(b"x")


def test_the_files_of_a_try_that_fails_go_with_it(folder: Path) -> None:
    store = FileStorage(folder)
    kept = store.put(b"of an earlier one")
    with pytest.raises(FileMissing), undone_on_error(store) as trying:
        trying.open(trying.put(b"of this one").key + "-else")
    assert files_below(folder) == [folder / kept.key]
    with undone_on_error(store) as trying:
        trying.put(b"of the next")
    assert len(files_below(folder)) == 2


def test_what_a_killed_process_left_half_written_is_swept_and_what_is_being_written_is_not(folder: Path) -> None:
    store = FileStorage(folder)
    assert store.sweep() == 0
    store.check()
    old, new = folder / PARTIAL / "old", folder / PARTIAL / "new"
    for path in (old, new):
        path.write_bytes(b"half")
    long_ago = new.stat().st_mtime - STALE_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    assert store.sweep() == 1
    assert files_below(folder) == [new]
